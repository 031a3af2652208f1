from __future__ import annotations

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from find_friend.conf import app_settings
from find_friend.exceptions import EmailNotVerified, UserNotThere
from find_friend.locks import locked_users
from find_friend.pairs import pair_key
from find_friend.policies import policy
from find_friend.signals import CommitSignal, rights_changed
from find_friend.users import active_users, label

from . import signals
from .exceptions import (
    AlreadyAnswered,
    AlreadyFriends,
    AskedTooOften,
    NotRecipient,
    NotSender,
    PairBlocked,
    RecentlyDeclined,
    RequestNotAllowed,
    SelfBlock,
    SelfRequest,
)

MOST_WITHDRAWN = 3
ANSWER = ["status", "open_key", "answered_at", "modified"]


class Status(models.TextChoices):
    PENDING = "pending", _("pending")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


class FriendRequestQuerySet(models.QuerySet["FriendRequest"]):
    def pending(self) -> FriendRequestQuerySet:
        return self.filter(status=Status.PENDING)

    def incoming(self, user: AbstractBaseUser) -> FriendRequestQuerySet:
        """Requests to ``user`` from people whom they may see."""
        return self.filter(is_visible("from_user", user), to_user=user.pk)

    def outgoing(self, user: AbstractBaseUser) -> FriendRequestQuerySet:
        """Requests by ``user`` to people whom they may see."""
        return self.filter(is_visible("to_user", user), from_user=user.pk)

    def visible_to(self, user: AbstractBaseUser) -> FriendRequestQuerySet:
        received = Q(is_visible("from_user", user), to_user=user.pk)
        return self.filter(received | Q(is_visible("to_user", user), from_user=user.pk))

    def send(self, *, by: AbstractBaseUser, to: AbstractBaseUser, message: str = "") -> FriendRequest:
        """Ask ``to`` to become a friend of ``by``.

        A request that is pending already is returned as it is; one that the other has sent is accepted.
        ``sent_now`` of the returned request says whether this call made it. Raises SelfRequest, UserNotThere,
        RequestNotAllowed, AlreadyFriends, RecentlyDeclined, AskedTooOften.
        """
        if by.pk == to.pk:
            raise SelfRequest
        with locked_users(by, to):
            ensure_request_allowed(by, to)
            if Friendship.objects.between(by, to).exists():
                raise AlreadyFriends
            self._ensure_welcome(by, to)
            key = pair_key(by, to)
            request, created = self.select_related("from_user", "to_user").get_or_create(
                open_key=key, defaults={"pair_key": key, "from_user": by, "to_user": to, "message": message}
            )
            request.sent_now = created
            if created:
                signals.friend_request_sent.send_on_commit(FriendRequest, friend_request=request)
            elif request.to_user_id == by.pk:
                request.accept(by=by)
        return request

    async def asend(self, *, by: AbstractBaseUser, to: AbstractBaseUser, message: str = "") -> FriendRequest:
        return await sync_to_async(self.send)(by=by, to=to, message=message)

    def _answer_indirectly(self, status: Status, signal: CommitSignal) -> None:
        """Close what is pending here because of something else that happened, and tell as an answer is told."""
        told = list(self.select_related("from_user", "to_user")) if signal.has_listeners(FriendRequest) else []
        self._close(status)
        for request in told:
            request.refresh_from_db(fields=ANSWER)
            signal.send_on_commit(FriendRequest, friend_request=request)

    def _close(self, status: Status) -> int:
        now = timezone.now()
        return self.update(status=status, open_key=None, answered_at=now, modified=now)

    def _ensure_welcome(self, by: AbstractBaseUser, to: AbstractBaseUser) -> None:
        """Not declined lately, and not sent and withdrawn over and over, which would tell the other each time."""
        since = timezone.now() - app_settings.FRIEND_REQUEST_COOLDOWN
        lately = self.filter(from_user=by.pk, to_user=to.pk, answered_at__gt=since)
        if lately.filter(status=Status.DECLINED).exists():
            raise RecentlyDeclined
        if lately.filter(status=Status.WITHDRAWN).count() >= MOST_WITHDRAWN:
            raise AskedTooOften


class FriendRequest(TimeStampedModel):
    """One user's offer to another. It keeps its answer."""

    from_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, verbose_name=_("sender")
    )
    to_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        db_index=False,
        verbose_name=_("recipient"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.PENDING)
    message = models.TextField(_("message"), blank=True)
    pair_key = models.CharField(max_length=64, db_index=True, editable=False)
    # Holds the pair key while the request is pending, so that of two crossing requests only one can be open.
    open_key = models.CharField(max_length=64, null=True, unique=True, editable=False)
    answered_at = models.DateTimeField(_("answered"), null=True, editable=False)

    objects = FriendRequestQuerySet.as_manager()
    sent_now = False

    class Meta:
        verbose_name = _("friend request")
        verbose_name_plural = _("friend requests")
        indexes = [
            models.Index(fields=["to_user", "status", "-id"], name="find_friend_request_incoming"),
            models.Index(fields=["from_user", "status", "-id"], name="find_friend_request_outgoing"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(from_user=F("to_user")), name="find_friend_request_two_users")
        ]

    def __str__(self) -> str:
        return f"{label(self, 'from_user')} → {label(self, 'to_user')}: {self.get_status_display()}"

    @property
    def is_pending(self) -> bool:
        return self.status == Status.PENDING

    @property
    def is_accepted(self) -> bool:
        return self.status == Status.ACCEPTED

    def accept(self, *, by: AbstractBaseUser) -> None:
        """Make both users friends. Only the recipient can; a second call changes nothing.

        Raises NotRecipient, AlreadyAnswered, UserNotThere, RequestNotAllowed.
        """
        if by.pk != self.to_user_id:
            raise NotRecipient
        with locked_users(self.from_user, self.to_user):
            if not self._answer(Status.ACCEPTED, signals.friend_request_accepted):
                return
            if not policy().may_know_of(self.to_user, self.from_user):
                raise UserNotThere
            ensure_request_allowed(self.from_user, self.to_user)
            Friendship.objects.befriend(self.from_user, self.to_user)

    async def aaccept(self, *, by: AbstractBaseUser) -> None:
        await sync_to_async(self.accept)(by=by)

    def decline(self, *, by: AbstractBaseUser) -> None:
        """Say no. Only the recipient can; a second call changes nothing. Raises NotRecipient, AlreadyAnswered."""
        if by.pk != self.to_user_id:
            raise NotRecipient
        with locked_users(self.from_user, self.to_user):
            self._answer(Status.DECLINED, signals.friend_request_declined)

    async def adecline(self, *, by: AbstractBaseUser) -> None:
        await sync_to_async(self.decline)(by=by)

    def withdraw(self, *, by: AbstractBaseUser) -> None:
        """Take it back. Only the sender can; a second call changes nothing. Raises NotSender, AlreadyAnswered."""
        if by.pk != self.from_user_id:
            raise NotSender
        with locked_users(self.from_user, self.to_user):
            self._answer(Status.WITHDRAWN, signals.friend_request_withdrawn)

    async def awithdraw(self, *, by: AbstractBaseUser) -> None:
        await sync_to_async(self.withdraw)(by=by)

    def _answer(self, status: Status, signal: CommitSignal) -> bool:
        """Whether this call gave the answer: one conditional UPDATE, so of two answers at once one wins."""
        changed = FriendRequest.objects.filter(pk=self.pk).pending()._close(status)
        self.refresh_from_db(fields=ANSWER)
        if self.status != status:
            raise AlreadyAnswered
        if changed:
            signal.send_on_commit(FriendRequest, friend_request=self)
        return bool(changed)


class FriendshipQuerySet(models.QuerySet["Friendship"]):
    def of(self, user: AbstractBaseUser) -> FriendshipQuerySet:
        """One row for each friend of ``user``: ``row.friend``."""
        return self.filter(user=user.pk)

    def visible_to(self, user: AbstractBaseUser) -> FriendshipQuerySet:
        """Own friends whom ``user`` may see: a deactivated friend is left out while they are."""
        return self.of(user).filter(is_visible("friend", user))

    def between(self, first: AbstractBaseUser, second: AbstractBaseUser) -> FriendshipQuerySet:
        """Both sides of the friendship of two users: two rows or none."""
        return self.filter(pair_key=pair_key(first, second))

    def befriend(self, first: AbstractBaseUser, second: AbstractBaseUser) -> bool:
        """Make two users friends, whoever asked; whether that is new. Raises SelfRequest, PairBlocked.

        A request still pending between them counts as accepted.
        """
        if first.pk == second.pk:
            raise SelfRequest
        key = pair_key(first, second)
        with locked_users(first, second):
            if self.between(first, second).exists():
                return False
            if Block.objects.between(first, second).exists():
                raise PairBlocked
            pending = FriendRequest.objects.filter(open_key=key)
            pending._answer_indirectly(Status.ACCEPTED, signals.friend_request_accepted)
            pairs = ((first.pk, second.pk), (second.pk, first.pk))
            Friendship.objects.bulk_create(
                [Friendship(user_id=user, friend_id=friend, pair_key=key) for user, friend in pairs]
            )
            signals.friendship_started.send_on_commit(Friendship, user=first, friend=second)
        return True

    async def abefriend(self, first: AbstractBaseUser, second: AbstractBaseUser) -> bool:
        return await sync_to_async(self.befriend)(first, second)

    def unfriend(self, *, by: AbstractBaseUser, friend: AbstractBaseUser) -> bool:
        """End a friendship, for both at once; whether there was one."""
        with locked_users(by, friend):
            ended, _rows = self.between(by, friend).delete()
            if ended:
                rights_changed.send_on_commit(Friendship, users=[by.pk, friend.pk])
                signals.friendship_ended.send_on_commit(Friendship, by=by, friend=friend)
        return bool(ended)

    async def aunfriend(self, *, by: AbstractBaseUser, friend: AbstractBaseUser) -> bool:
        return await sync_to_async(self.unfriend)(by=by, friend=friend)


class Friendship(TimeStampedModel):
    """One side of a friendship; the other side is a row of its own. Only befriend() and unfriend() write them."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="find_friend_friendships",
        db_index=False,
        verbose_name=_("user"),
    )
    friend = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("friend"))
    pair_key = models.CharField(max_length=64, db_index=True, editable=False)

    objects = FriendshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("friendship")
        verbose_name_plural = _("friendships")
        indexes = [models.Index(fields=["user", "-id"], name="find_friend_friendship_newest")]
        constraints = [
            models.UniqueConstraint(fields=["user", "friend"], name="find_friend_one_friendship"),
            models.CheckConstraint(condition=~Q(user=F("friend")), name="find_friend_friendship_two_users"),
        ]

    def __str__(self) -> str:
        return f"{label(self, 'user')} – {label(self, 'friend')}"


class BlockQuerySet(models.QuerySet["Block"]):
    def of(self, user: AbstractBaseUser) -> BlockQuerySet:
        """The blocks that ``user`` has set."""
        return self.filter(blocker=user.pk)

    def between(self, first: AbstractBaseUser, second: AbstractBaseUser) -> BlockQuerySet:
        """The blocks that either of two users has set against the other."""
        return self.filter(pair_key=pair_key(first, second))

    def block(self, *, by: AbstractBaseUser, user: AbstractBaseUser) -> tuple[Block, bool]:
        """Shut ``user`` out: ends friendship, pending requests and live sockets, both become invisible to each other.

        Returns the block and whether it is new. Raises SelfBlock, EmailNotVerified.
        """
        if by.pk == user.pk:
            raise SelfBlock
        key = pair_key(by, user)
        with locked_users(by, user):
            ensure_block_allowed(by, user)
            block, created = self.get_or_create(blocker=by, blocked=user, defaults={"pair_key": key})
            if created:
                pending = FriendRequest.objects.filter(open_key=key)
                pending.filter(from_user=by.pk)._answer_indirectly(Status.WITHDRAWN, signals.friend_request_withdrawn)
                pending.filter(to_user=by.pk)._answer_indirectly(Status.DECLINED, signals.friend_request_declined)
                Friendship.objects.unfriend(by=by, friend=user)
                rights_changed.send_on_commit(Block, users=[by.pk, user.pk])
                signals.user_blocked.send_on_commit(Block, block=block)
        return block, created

    async def ablock(self, *, by: AbstractBaseUser, user: AbstractBaseUser) -> tuple[Block, bool]:
        return await sync_to_async(self.block)(by=by, user=user)

    def lift(self, *, by: AbstractBaseUser, user: AbstractBaseUser) -> bool:
        """Take one's own block away; whether there was one. Friendship does not come back by itself."""
        with locked_users(by, user):
            lifted, _rows = self.filter(blocker=by.pk, blocked=user.pk).delete()
            if lifted:
                signals.user_unblocked.send_on_commit(Block, by=by, user=user)
        return bool(lifted)

    async def alift(self, *, by: AbstractBaseUser, user: AbstractBaseUser) -> bool:
        return await sync_to_async(self.lift)(by=by, user=user)


class Block(TimeStampedModel):
    """One user shutting another out."""

    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="find_friend_blocks",
        db_index=False,
        verbose_name=_("blocker"),
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False, verbose_name=_("blocked user")
    )
    pair_key = models.CharField(max_length=64, db_index=True, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        indexes = [models.Index(fields=["blocked", "blocker"], name="find_friend_block_of_blocked")]
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="find_friend_one_block"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="find_friend_block_two_users"),
        ]

    def __str__(self) -> str:
        return f"{label(self, 'blocker')} ✕ {label(self, 'blocked')}"


def is_visible(column: str, user: AbstractBaseUser) -> Exists:
    """Whether ``user`` may see the one in that column. Asked for each row, as a list would hold the whole site."""
    return Exists(policy().visible_users(active_users(), user).filter(pk=OuterRef(f"{column}_id")))


def ensure_request_allowed(by: AbstractBaseUser, to: AbstractBaseUser) -> None:
    """Raises UserNotThere where ``by`` may not know that ``to`` exists, RequestNotAllowed where the policy says no."""
    rules = policy()
    if not rules.may_know_of(by, to):
        raise UserNotThere
    if not rules.may_request(by, to):
        raise RequestNotAllowed


def ensure_block_allowed(by: AbstractBaseUser, user: AbstractBaseUser) -> None:
    """Raises EmailNotVerified for strangers to each other where the policy says no."""
    if policy().may_block(by, user):
        return
    key = pair_key(by, user)
    if not any(rows._default_manager.filter(pair_key=key).exists() for rows in (Friendship, FriendRequest, Block)):
        raise EmailNotVerified
