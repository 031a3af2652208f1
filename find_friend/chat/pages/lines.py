"""What the pages show of chats and messages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from find_friend.pages.links import address
from find_friend.pages.people import cards_with_pages
from find_friend.pages.people import name_of as name_on

from .. import exceptions
from ..models import Membership, Message
from ..serializers import MembersMixin
from .emoji import are_few
from .texts import Piece, pieces


class People(MembersMixin):
    """Cards of members with picture and page, for the one who asks; there is none of those who may not be seen."""

    def __init__(self, context: dict[str, Any]) -> None:
        self.context = context

    def cards_among(self, pks: set[Any], users: Any = None) -> dict[Any, Any]:
        return cards_with_pages(pks, self.context, among=users)


def name_of(card: dict[str, Any] | None) -> str:
    """What to call the person of a card, or one without."""
    return _("Somebody") if card is None else name_on(card)


def local(moment: datetime) -> datetime:
    aware = timezone.make_aware(moment, timezone.get_default_timezone()) if timezone.is_naive(moment) else moment
    return aware.astimezone(timezone.get_current_timezone())


def today() -> date:
    return local(timezone.now()).date()


def day_name(day: date) -> str:
    if day == today():
        return _("Today")
    if day == today() - timedelta(days=1):
        return _("Yesterday")
    return date_format(day, "DATE_FORMAT")


@dataclass
class Line:
    """A message as the template shows it; ``day`` is the name of a day that begins with it, ``big`` are some emoji."""

    seq: str
    sender: str
    name: str
    own: bool
    moment: datetime
    pieces: list[Piece] = field(default_factory=list)
    edited: bool = False
    deleted: bool = False
    can_change: bool = False
    read: bool = False
    day: str = ""
    first_unread: bool = False
    big: bool = False


def empty_line(user: Any) -> Line:
    """What scripts fill: a message of one's own."""
    return Line(seq="0", sender=str(user.pk), name=_("You"), own=True, moment=local(timezone.now()), can_change=True)


class Lines:
    """Makes lines of messages, for one person.

    ``cards`` are those of the members; ``read`` is how far the others have read, ``unread_after`` how far the person
    has; ``is_open``: the person may write, and change what they wrote.
    """

    def __init__(
        self, user: Any, cards: dict[Any, Any], *, read: int = 0, unread_after: int | None = None, is_open: bool = False
    ) -> None:
        self.user = user
        self.cards = cards
        self.read = read
        self.unread_after = unread_after
        self.is_open = is_open

    def of(self, messages: Iterable[Message]) -> list[Line]:
        """Lines of messages that come oldest first. Who has answered has read what came before."""
        lines: list[Line] = []
        day = None
        messages = list(messages)
        self.read = max([self.read, *(message.seq for message in messages if message.sender_id != self.user.pk)])
        for message in messages:
            line = self.line(message)
            if line.moment.date() != day:
                day = line.moment.date()
                line.day = day_name(day)
            if self.unread_after is not None and message.seq > self.unread_after and not line.own:
                line.first_unread, self.unread_after = True, None
            lines.append(line)
        return lines

    def line(self, message: Message) -> Line:
        own, deleted = message.sender_id == self.user.pk, message.deleted_at is not None
        return Line(
            seq=str(message.seq),
            sender=str(message.sender_id or ""),
            name=_("You") if own else name_of(self.cards.get(message.sender_id)),
            own=own,
            moment=local(message.created),
            pieces=pieces(message.text),
            edited=message.edited_at is not None and not deleted,
            deleted=deleted,
            can_change=own and self.is_open and not deleted and message.is_in_time,
            read=own and message.seq <= self.read,
            big=are_few(message.text),
        )


def line_time(moment: datetime) -> str:
    """When the newest message of a chat was written, in short: an hour, a day."""
    day = moment.date()
    if day == today():
        return time_format(moment, "TIME_FORMAT")
    if day == today() - timedelta(days=1):
        return day_name(day)
    return date_format(day, "SHORT_DATE_FORMAT")


@dataclass
class Row:
    """A chat in the list."""

    chat: str
    card: dict[str, Any] | None
    name: str
    url: str | None
    unread: int
    message: Line | None
    when: str


def rows(user: Any, places: list[Membership], people: People) -> list[Row]:
    """The chats of these memberships: three queries, however many they are."""
    cards = people.cards_of({place.chat.other_key(user) for place in places})
    newest = Message.objects.filter(chat__in=[place.chat_id for place in places], seq=F("chat__last_seq"))
    last = {message.chat_id: message for message in newest}
    lines = Lines(user, cards)
    found = []
    for place in places:
        card = cards.get(place.chat.other_key(user))
        message = last.get(place.chat_id)
        line = lines.line(message) if message is not None else None
        found.append(
            Row(
                chat=str(place.chat_id),
                card=card,
                name=name_of(card),
                url=address("find_friend_chat_pages:room", place.chat_id),
                unread=place.unread_count,
                message=line,
                when=line_time(line.moment) if line is not None else "",
            )
        )
    return found


def words() -> str:
    """Texts that the script shows, as JSON. Some are named as the error codes of the socket."""
    texts = {
        "you": _("You"),
        "today": _("Today"),
        "yesterday": _("Yesterday"),
        "online": _("online"),
        "typing": _("writing …"),
        "connecting": _("Connecting …"),
        "pending": _("on its way"),
        "sent": _("sent"),
        "read": _("read"),
        "deleted": _("Message deleted"),
        "failed": _("This did not work. Try again."),
        "too_long": _("This text is too long: it has %(length)s characters, and %(limit)s are allowed."),
        "blank": _("This text is empty."),
        "not_found": exceptions.MessageNotThere.default_detail,
        "not_sender": exceptions.NotSender.default_detail,
        "too_late": exceptions.TooLate.default_detail,
        "forbidden": exceptions.PostNotAllowed.default_detail,
        "invalid": exceptions.ContentRefused.default_detail,
    }
    return json.dumps({name: str(text) for name, text in texts.items()})
