"""Chats and messages of other packages."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Greatest

from find_friend.conf import app_settings
from find_friend.importing.importer import NOT_HERE, ONESELF, Importer
from find_friend.importing.report import Tally
from find_friend.importing.tables import Key, OldTable
from find_friend.locks import lock
from find_friend.pairs import pair_key

from .models import Chat, Membership, Message

NAMESPACE = uuid.UUID("6f0b8b7e-6d0c-5f0e-9f0e-0d9f6a4e2b11")


@dataclass(frozen=True)
class OldTalk:
    """A conversation as an old row shows it. A member whose account is gone is None."""

    key: Any
    initiator: Any
    receiver: Any
    started: datetime


@dataclass(frozen=True)
class Place:
    """The same with our users, and the pair key that the chat has or gets."""

    initiator: Any
    receiver: Any
    pair_key: str
    started: datetime

    def other(self, member: Any) -> Any:
        return self.receiver if member == self.initiator else self.initiator


@dataclass
class Draft:
    """A message on its way: its old row, its place, and our sender."""

    row: Any
    place: Place
    sender: Any
    client_id: uuid.UUID = field(init=False)


class ChatImporter(Importer):
    """Messages are numbered in the order of their old keys, and keep their times.

    An imported message is known by its ``client_id``, which follows from its old key and time.
    """

    talks: ClassVar[OldTable]
    messages: ClassVar[OldTable]

    def prepare(self) -> None:
        super().prepare()
        self.old_talks = self.open(self.talks)
        self.old_messages = self.open(self.messages)

    def store(self) -> None:
        self.stage("chats", self.old_talks, self._store_chats, lambda rows: members(map(self.talk, rows)))
        self.stage("messages", self.old_messages, self._store_messages, self._people_of)

    def talk(self, row: Any) -> OldTalk:
        """The conversation of a row of ``talks``."""
        raise NotImplementedError

    def talks_of(self, rows: list[Any]) -> list[OldTalk]:
        """The conversations of these messages, one for each."""
        raise NotImplementedError

    def texts_of(self, rows: list[Any]) -> list[str]:
        return [row.text for row in rows]

    def was_read(self, row: Any) -> bool:
        """Whether the other member has seen the message."""
        return True

    def deleted_at(self, row: Any) -> datetime | None:
        return None

    # chats

    def _store_chats(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        places: dict[str, Place] = {}
        for row in rows:
            place = self._place(self.talk(row), people)
            if isinstance(place, str):
                tally.skip(place, row.pk)
            elif places.setdefault(place.pair_key, place) is not place:
                tally.known += 1
        _chats, new = find_or_make(places)
        tally.added, tally.known = new, tally.known + len(places) - new

    def _place(self, talk: OldTalk, people: dict[Any, Any]) -> Place | str:
        """Where a conversation goes, or why it is left out."""
        if {talk.initiator, talk.receiver} == {None}:
            return "a chat of which everybody is gone"
        if not {talk.initiator, talk.receiver} - {None} <= people.keys():
            return NOT_HERE
        initiator, receiver = people.get(talk.initiator), people.get(talk.receiver)
        if initiator == receiver:
            return ONESELF
        # One of a deleted member gets a key that no pair has, so it stays closed and is found again.
        key = self._name(f"chat {talk.key}", talk.started) if None in (initiator, receiver) else ""
        return Place(initiator, receiver, key or pair_key(initiator, receiver), talk.started)

    def _name(self, what: str, at: datetime) -> str:
        """A text of 64 characters for an old row; its time is in it, so another old database has other names."""
        stamp = at.astimezone(timezone.utc).isoformat() if at.tzinfo else at.isoformat()
        return hashlib.sha256(f"{type(self).__name__} {what} {stamp}".encode()).hexdigest()

    # messages

    def _people_of(self, rows: list[Any]) -> Iterable[Any]:
        return [*members(self.talks_of(rows)), *(row.sender for row in rows)]

    def _store_messages(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> None:
        drafts = self._drafts(rows, people, tally)
        chats, _new = find_or_make({draft.place.pair_key: draft.place for draft in drafts})
        known = known_client_ids(drafts, chats)
        new = [draft for draft in drafts if draft.client_id not in known]
        texts = dict(zip((row.pk for row in rows), self.texts_of(rows), strict=True))
        seen: dict[tuple[Any, Any], int] = {}
        made = []
        for draft in new:
            chat, row = chats[draft.place.pair_key], draft.row
            chat.last_seq += 1
            # Who writes has seen what stands before, as when somebody posts here.
            seen[chat.pk, draft.sender] = chat.last_seq
            if self.was_read(row):
                seen[chat.pk, draft.place.other(draft.sender)] = chat.last_seq
            made.append(self._message(draft, chat, texts[row.pk]))
        Message.objects.bulk_create(made)
        count_messages({chats[draft.place.pair_key].pk for draft in new})
        mark_as_read(seen)
        tally.added, tally.known = len(new), len(drafts) - len(new)

    def _drafts(self, rows: list[Any], people: dict[Any, Any], tally: Tally) -> list[Draft]:
        drafts = []
        for row, talk in zip(rows, self.talks_of(rows), strict=True):
            place = self._place(talk, people)
            if isinstance(place, str):
                tally.skip(place, row.pk)
                continue
            draft = Draft(row, place, people.get(row.sender))
            if draft.sender not in (place.initiator, place.receiver):
                tally.skip("a sender who is no member of the chat", row.pk)
                continue
            draft.client_id = uuid.uuid5(NAMESPACE, self._name(f"message {row.pk}", row.created))
            drafts.append(draft)
        return drafts

    def _message(self, draft: Draft, chat: Chat, text: str) -> Message:
        deleted_at = self.deleted_at(draft.row)
        erased = draft.sender is None and app_settings.ERASE_MESSAGES_OF_DELETED_USERS
        return Message(
            chat=chat,
            seq=chat.last_seq,
            sender_id=draft.sender,
            text="" if erased or deleted_at else text.replace("\0", ""),
            client_id=draft.client_id,
            created=draft.row.created,
            deleted_at=deleted_at,
        )


def members(talks: Iterable[OldTalk]) -> list[Any]:
    return [member for talk in talks for member in (talk.initiator, talk.receiver)]


def find_or_make(places: dict[str, Place]) -> tuple[dict[str, Chat], int]:
    """The chats at these places by pair key, locked, and how many of them are new."""
    found = Chat.objects.filter(pair_key__in=set(places))
    lock(found)
    chats = {str(chat.pair_key): chat for chat in found}
    new = [
        Chat(
            initiator_id=place.initiator,
            receiver_id=place.receiver,
            pair_key=key,
            created=place.started,
            modified=place.started,
        )
        for key, place in places.items()
        if key not in chats
    ]
    Chat.objects.bulk_create(new)
    Membership.objects.bulk_create(
        Membership(chat=chat, user_id=user)
        for chat in new
        for user in (chat.initiator_id, chat.receiver_id)
        if user is not None
    )
    return {**chats, **{str(chat.pair_key): chat for chat in new}}, len(new)


def known_client_ids(drafts: list[Draft], chats: dict[str, Chat]) -> set[Any]:
    """Those of the drafts' ids that messages have already."""
    found = Message.objects.filter(
        chat__in=[chat.pk for chat in chats.values()], client_id__in=[draft.client_id for draft in drafts]
    )
    return set(found.values_list("client_id", flat=True))


def count_messages(chats: set[int]) -> None:
    """Bring the chats in step with their newest messages: one statement, however many they are."""
    newest = Message.objects.filter(chat=OuterRef("pk")).order_by("-seq")
    Chat.objects.filter(pk__in=chats).update(
        last_seq=Subquery(newest.values("seq")[:1]),
        modified=Greatest(F("modified"), Subquery(newest.values("created")[:1])),
    )


def mark_as_read(seen: dict[tuple[Any, Any], int]) -> None:
    """Move read marks forward; ``seen`` has a number by chat and member."""
    places = Membership.objects.filter(chat__in={chat for chat, _member in seen}).select_related("chat")
    moved = [place for place in places if (place.chat_id, place.user_id) in seen]
    # Most have read it all, which is one statement for all of them.
    up_to_date = {place.pk for place in moved if seen[place.chat_id, place.user_id] == place.chat.last_seq}
    end = Chat.objects.filter(pk=OuterRef("chat")).values("last_seq")
    Membership.objects.filter(pk__in=up_to_date).update(read_seq=Subquery(end))
    others = [place for place in moved if place.pk not in up_to_date]
    for place in others:
        place.read_seq = Greatest(F("read_seq"), Value(seen[place.chat_id, place.user_id]))
    Membership.objects.bulk_update(others, ["read_seq"])


class DjangoPrivateChat2(ChatImporter):
    """django_private_chat2: messages name sender and recipient, not their dialog; a deleted one keeps its row."""

    talks = OldTable(
        "django_private_chat2_dialogsmodel",
        initiator=Key(db_column="user1_id"),
        receiver=Key(db_column="user2_id"),
        created=models.DateTimeField(),
    )
    messages = OldTable(
        "django_private_chat2_messagemodel",
        sender=Key(db_column="sender_id"),
        recipient=Key(db_column="recipient_id"),
        text=models.TextField(),
        file=Key(db_column="file_id", null=True),
        read=models.BooleanField(),
        is_removed=models.BooleanField(),
        created=models.DateTimeField(),
        modified=models.DateTimeField(),
    )
    files = OldTable("django_private_chat2_uploadedfile", file=models.CharField())

    def prepare(self) -> None:
        super().prepare()
        self.old_files = self.open(self.files)

    def talk(self, row: Any) -> OldTalk:
        return OldTalk(row.pk, row.initiator, row.receiver, row.created)

    def talks_of(self, rows: list[Any]) -> list[OldTalk]:
        return [OldTalk(None, row.sender, row.recipient, row.created) for row in rows]

    def texts_of(self, rows: list[Any]) -> list[str]:
        """With a file, the path under which it is stored: our messages are texts."""
        paths = dict(self.old_files.filter(pk__in={row.file for row in rows} - {None}).values_list("pk", "file"))
        return ["\n".join(filter(None, (row.text, paths.get(row.file)))) for row in rows]

    def was_read(self, row: Any) -> bool:
        return row.read

    def deleted_at(self, row: Any) -> datetime | None:
        return row.modified if row.is_removed else None


class FindFriendBackend(ChatImporter):
    """The original: it keeps no read marks, so everything counts as read."""

    match = "email"
    user_table = "users_user"
    talks = OldTable(
        "chat_chat",
        initiator=Key(db_column="initiator_id", null=True),
        receiver=Key(db_column="receiver_id", null=True),
        created=models.DateTimeField(db_column="start_time"),
    )
    messages = OldTable(
        "chat_message",
        chat=Key(db_column="chat_id"),
        sender=Key(db_column="sender_id", null=True),
        text=models.TextField(),
        created=models.DateTimeField(db_column="timestamp"),
    )

    def talk(self, row: Any) -> OldTalk:
        return OldTalk(row.pk, row.initiator, row.receiver, row.created)

    def talks_of(self, rows: list[Any]) -> list[OldTalk]:
        talks = {row.pk: self.talk(row) for row in self.old_talks.filter(pk__in={row.chat for row in rows})}
        # A database without foreign keys may have lost the chat.
        return [talks.get(row.chat) or OldTalk(row.chat, None, None, row.created) for row in rows]
