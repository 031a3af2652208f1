"""Friend requests, friendships and blocks of other packages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from find_friend.importing.importer import Importer, columns, pair_of
from find_friend.importing.report import Tally
from find_friend.importing.tables import Key, OldTable
from find_friend.pairs import pair_key
from find_friend.signals import rights_changed

from .models import Block, FriendRequest, Friendship, Status

BLOCKED = "one has blocked the other, and a block wins"
FRIENDS = "pending between two who are friends"
OPEN = "pending while another request of the two is"


class FriendsImporter(Importer):
    """Blocks first, so that neither friendship nor request can contradict one."""

    blocks: ClassVar[OldTable]
    friendships: ClassVar[OldTable]
    requests: ClassVar[OldTable]

    def prepare(self) -> None:
        super().prepare()
        self.old_blocks = self.open(self.blocks)
        self.old_friendships = self.open(self.friendships)
        self.old_requests = self.open(self.requests)

    def store(self) -> None:
        self.stage("blocks", self.old_blocks, self._store_blocks, columns("blocker", "blocked"))
        self.stage("friendships", self.old_friendships, self._store_friendships, columns("first", "second"))
        self.stage("friend requests", self.old_requests, self._store_requests, columns("sender", "recipient"))

    def answer(self, row: Any) -> tuple[Status, datetime | None] | None:
        """Status and time of the answer of an old request; None for a status that nobody knows."""
        raise NotImplementedError

    def _store_blocks(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        wanted: dict[tuple[Any, Any], datetime] = {}
        for row in rows:
            pair = pair_of(people, row.blocker, row.blocked)
            if isinstance(pair, str):
                tally.skip(pair, row.pk)
            else:
                wanted[pair] = getattr(row, "created", timezone.now())
        blocks = Block.objects.filter(pair_key__in=keys_of(wanted))
        new = wanted.keys() - set(blocks.values_list("blocker", "blocked"))
        Block.objects.bulk_create(
            Block(blocker_id=by, blocked_id=user, pair_key=pair_key(by, user), created=at, modified=at)
            for (by, user), at in wanted.items()
            if (by, user) in new
        )
        tally.added, tally.known = len(new), len(wanted) - len(new)
        if new:
            end_what_is_blocked(new)

    def _store_friendships(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        pairs = [(row, pair_of(people, row.first, row.second)) for row in rows]
        keys = keys_of(pair for _row, pair in pairs if not isinstance(pair, str))
        there, blocked = keys_in(Friendship, keys), keys_in(Block, keys)
        new: dict[str, list[Friendship]] = {}
        for row, pair in pairs:
            key = "" if isinstance(pair, str) else pair_key(*pair)
            if isinstance(pair, str):
                tally.skip(pair, row.pk)
            elif key in there or key in new:
                tally.known += 1
            elif key in blocked:
                tally.skip(BLOCKED, row.pk)
            else:
                new[key] = both_sides(pair, key, row.created)
        FriendRequest.objects.filter(open_key__in=set(new))._close(Status.ACCEPTED)
        Friendship.objects.bulk_create(side for sides in new.values() for side in sides)
        tally.added = len(new)

    def _store_requests(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        requests = [request for row in rows if (request := self._request(row, people, tally))]
        keys = {request.pair_key for request in requests}
        known = FriendRequest.objects.filter(pair_key__in=keys)
        there = set(known.values_list("from_user", "to_user", "created"))
        friends, blocked = keys_in(Friendship, keys), keys_in(Block, keys)
        is_open = set(known.pending().values_list("pair_key", flat=True))
        new = []
        for request in requests:
            if (request.from_user_id, request.to_user_id, request.created) in there:
                tally.known += 1
            elif request.is_pending and request.pair_key in blocked:
                tally.skip(BLOCKED, request.old_key)
            elif request.is_pending and request.pair_key in friends:
                tally.skip(FRIENDS, request.old_key)
            elif request.is_pending and request.pair_key in is_open:
                tally.skip(OPEN, request.old_key)
            else:
                new.append(request)
                if request.is_pending:
                    request.open_key = request.pair_key
                    is_open.add(request.pair_key)
        FriendRequest.objects.bulk_create(new)
        tally.added = len(new)

    def _request(self, row: Any, people: dict[Any, Any], tally: Tally) -> Any:
        pair, answer = pair_of(people, row.sender, row.recipient), self.answer(row)
        if isinstance(pair, str) or answer is None:
            tally.skip(pair if isinstance(pair, str) else f"the unknown status {row.status!r}", row.pk)
            return None
        status, answered = answer
        request: Any = FriendRequest(
            from_user_id=pair[0],
            to_user_id=pair[1],
            status=status,
            message=getattr(row, "message", "").replace("\0", ""),
            pair_key=pair_key(*pair),
            answered_at=answered,
            created=row.created,
            modified=answered or row.created,
        )
        request.old_key = row.pk
        return request


def keys_of(pairs: Iterable[tuple[Any, Any]]) -> set[str]:
    return {pair_key(*pair) for pair in pairs}


def keys_in(model: type[Block] | type[Friendship], keys: set[str]) -> set[str]:
    """Those of the pair keys that have a row in our table."""
    return set(model._default_manager.filter(pair_key__in=keys).values_list("pair_key", flat=True))


def both_sides(pair: tuple[Any, Any], key: str, since: datetime) -> list[Friendship]:
    return [
        Friendship(user_id=user, friend_id=friend, pair_key=key, created=since, modified=since)
        for user, friend in (pair, reversed(pair))
    ]


def end_what_is_blocked(pairs: set[tuple[Any, Any]]) -> None:
    """What Block.objects.block() ends, for blocks that have just been stored."""
    keys = keys_of(pairs)
    Friendship.objects.filter(pair_key__in=keys).delete()
    pending = FriendRequest.objects.filter(open_key__in=keys)
    own = [request.pk for request in pending if (request.from_user_id, request.to_user_id) in pairs]
    pending.filter(pk__in=own)._close(Status.WITHDRAWN)
    pending._close(Status.DECLINED)
    rights_changed.send_on_commit(Block, users=sorted({user for pair in pairs for user in pair}, key=str))


class DjangoFriendship(FriendsImporter):
    """django-friendship: a friendship has two rows, one from each side; an accepted request has none."""

    blocks = OldTable(
        "friendship_block",
        blocker=Key(db_column="blocker_id"),
        blocked=Key(db_column="blocked_id"),
        created=models.DateTimeField(),
    )
    friendships = OldTable(
        "friendship_friend",
        first=Key(db_column="from_user_id"),
        second=Key(db_column="to_user_id"),
        created=models.DateTimeField(),
    )
    requests = OldTable(
        "friendship_friendshiprequest",
        sender=Key(db_column="from_user_id"),
        recipient=Key(db_column="to_user_id"),
        message=models.TextField(),
        created=models.DateTimeField(),
        rejected=models.DateTimeField(null=True),
    )

    def answer(self, row: Any) -> tuple[Status, datetime | None]:
        return (Status.DECLINED if row.rejected else Status.PENDING), row.rejected


class FindFriendBackend(FriendsImporter):
    """The original: one row for a friendship; a request keeps its answer."""

    match = "email"
    user_table = "users_user"
    blocks = OldTable("users_blacklist", blocker=Key(db_column="user_id"), blocked=Key(db_column="blocked_user_id"))
    friendships = OldTable(
        "users_friendship",
        first=Key(db_column="initiator_id"),
        second=Key(db_column="friend_id"),
        created=models.DateTimeField(db_column="created_at"),
    )
    requests = OldTable(
        "users_friendrequest",
        sender=Key(db_column="from_user_id"),
        recipient=Key(db_column="to_user_id"),
        status=models.CharField(),
        created=models.DateTimeField(db_column="created_at"),
        updated=models.DateTimeField(db_column="updated_at"),
    )

    def answer(self, row: Any) -> tuple[Status, datetime | None] | None:
        if row.status == "Pending":
            return Status.PENDING, None
        answers = {"Accepted": Status.ACCEPTED, "Declined": Status.DECLINED}
        return (answers[row.status], row.updated) if row.status in answers else None
