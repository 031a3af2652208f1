"""What sockets have to know from the database. Everything here runs in a database thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, router
from django.db.models import BooleanField, Exists, F, Model, Value

from find_friend import kept
from find_friend.conf import app_settings
from find_friend.logs import fields, without_text
from find_friend.policies import Policy

from .models import Chat, Membership, Message, MessageEvent, Privacy
from .news import Changed, Posted, Renderer, changed, timestamp
from .protocols import Close
from .rights import bulk_policy, is_near, is_open, living, open_memberships, open_pairs, stamp_of

logger = logging.getLogger("find_friend.chat")

MOST_MISSED = 500  # messages or changes; who has missed more begins anew


class Opening(NamedTuple):
    """What a socket begins with. ``missed`` and ``changes`` are in the order of their numbers."""

    stamp: str
    people: tuple[str, ...]
    last_seq: int
    last_event: int
    missed: list[Posted]
    changes: list[Changed]
    reset: bool


def read_opening(
    credential: Any, user: Any, chat: int, after: int | None, after_event: int, read: Read | None = None
) -> Opening | Close:
    """The state of a chat for one who may be in it now, or the code to refuse them with.

    ``read``: what is in the database, where that has been read already.
    """
    asked = Asked.of(credential, user.pk, chat, after)
    found, state = read or read_all(asked)
    if state is None or not is_allowed(state, user, chat):
        return Close.FORBIDDEN
    if not state.signed_in:
        return Close.UNAUTHENTICATED
    last_seq, last_event = state.last_seq, state.last_event
    changes: list[Changed] = []
    if after is not None and after_event < last_event:
        # Not those that came since the state was read: the room has them for the socket.
        changes = [each for each in changes_after(chat, after_event, up_to=after) if each.number <= last_event]
    reset = after is not None and (
        after > last_seq or after_event > last_event or len(found) > MOST_MISSED + 1 or len(changes) > MOST_MISSED
    )
    if reset:
        changes, found = [], fetch(asked._replace(after=None))
    renderer = Renderer()
    missed = [posted_of(renderer, chat, row) for row in found if reset or after is None or row[1] > after]
    if reset or after is None:
        missed.reverse()
    if missed:
        last_seq = max(last_seq, missed[-1].seq)
    elif not found and not reset and after is not None:
        # Nothing was there when the messages were read; what the state counts by now has yet to be sent.
        last_seq = after
    elif not found and app_settings.CHAT_HISTORY_SIZE > 0:
        last_seq = 0
    members = {str(pk) for pk in (state.initiator, state.receiver) if pk is not None}
    people = (str(user.pk), *sorted(members - {str(user.pk)}))
    return Opening(stamp_of(user.password), people, last_seq, last_event, missed, changes, reset)


def is_all(read: Read, after: int | None, after_event: int) -> bool:
    """Whether read_opening needs no more than this: no look at the database, no code of the site's."""
    state = read.state
    if state is None:
        return True
    resumes = after is None or (after <= state.last_seq and after_event == state.last_event)
    return Renderer().by_hand and state.allowed is not None and resumes and len(read.found) <= MOST_MISSED + 1


class Asked(NamedTuple):
    """What a client that connects asks for. ``after`` is the number of the last message it has."""

    row: tuple[type[Model], Any] | None
    user: Any
    chat: Any
    after: Any

    @classmethod
    def of(cls, credential: Any, user: Any, chat: int, after: int | None) -> Asked:
        """A row in another database, such as a session there, was looked at when the user was identified."""
        row = credential.row if credential.row is not None and is_near(credential.row[0]) else None
        return cls(row, user, chat, after)


class Facts(NamedTuple):
    """What decides about a socket, and what it has to know of the chat."""

    allowed: bool | None
    signed_in: bool
    last_seq: int
    last_event: int
    initiator: Any
    receiver: Any


class Read(NamedTuple):
    """The rows of messages_for, and the facts of the chat; None where there is no such chat."""

    found: list[Any]
    state: Facts | None


COLUMNS = ("pk", "seq", "sender_id", "text", "client_id", "created", "edited_at", "deleted_at")


def posted_of(renderer: Renderer, chat: int, row: Any) -> Posted:
    pk, seq, sender, text, client_id, created, edited_at, deleted_at = row[: len(COLUMNS)]
    if renderer.by_hand and edited_at is None and deleted_at is None:
        return renderer.quick(chat, seq, pk, sender, text, timestamp(created), client_id)
    values = dict(zip((*COLUMNS, "chat_id"), (*row[: len(COLUMNS)], chat), strict=True))
    return renderer.posted(Message(**values))


def messages_for(asked: Asked, rules: Policy | None) -> Any:
    """Messages as rows of COLUMNS and Facts, so that one statement is enough."""
    rows = Message.objects.filter(chat=asked.chat).annotate(**facts(asked, rules, "chat__"))
    if asked.after is None:
        wanted = rows.newest()
    else:
        # With the last one that the client has, so that there is a row to read the facts from.
        wanted = rows.filter(seq__gte=asked.after).order_by("seq")[: MOST_MISSED + 2]
    return wanted.values_list(*COLUMNS, *(f"find_friend_{name}" for name in Facts._fields))


def facts(asked: Asked, rules: Policy | None, prefix: str) -> dict[str, Any]:
    allowed: Any = Value(None, output_field=BooleanField())
    if rules is not None:
        allowed = Exists(open_memberships(rules).filter(chat=asked.chat, user=asked.user))
    signed_in: Any = Value(True)
    if asked.row is not None:
        model, key = asked.row
        signed_in = Exists(model._base_manager.filter(pk=key))
    return {
        "find_friend_allowed": allowed,
        "find_friend_signed_in": signed_in,
        "find_friend_last_seq": F(f"{prefix}last_seq"),
        "find_friend_last_event": F(f"{prefix}last_event"),
        "find_friend_initiator": F(f"{prefix}initiator_id"),
        "find_friend_receiver": F(f"{prefix}receiver_id"),
    }


def read_all(asked: Asked) -> Read:
    found = fetch(asked)
    return Read(found, facts_in(found) if found else state_of(asked))


def facts_in(rows: list[Any]) -> Facts | None:
    """The facts at the end of the first row."""
    return Facts(*rows[0][-len(Facts._fields) :]) if rows else None


def state_for(asked: Asked, rules: Policy | None) -> Any:
    rows = Chat.objects.filter(pk=asked.chat).annotate(**facts(asked, rules, ""))
    return rows.values_list(*(f"find_friend_{name}" for name in Facts._fields))


def state_of(asked: Asked) -> Facts | None:
    """The facts of a chat without messages."""
    wanted = state_question(asked)
    return facts_in(list(state_for(asked, bulk_policy())) if wanted is None else kept.rows(*wanted))


def fetch(asked: Asked) -> list[Any]:
    """The rows of messages_for."""
    if asked.after is None and app_settings.CHAT_HISTORY_SIZE <= 0:
        return []
    wanted = question(asked)
    return list(messages_for(asked, bulk_policy())) if wanted is None else kept.rows(*wanted)


def question(asked: Asked) -> kept.Question | None:
    """What reads the rows of messages_for with a statement that is kept; None where the ORM has to."""
    nothing = asked.after is None and app_settings.CHAT_HISTORY_SIZE <= 0
    return None if nothing else kept_question(asked, messages_for)


def state_question(asked: Asked) -> kept.Question | None:
    """The same for the facts of a chat."""
    return kept_question(asked, state_for)


def kept_question(asked: Asked, wanted: Callable[[Asked, Policy | None], Any]) -> kept.Question | None:
    rules, using = bulk_policy(), router.db_for_read(Message)
    models = [Message, get_user_model(), *([asked.row[0]] if asked.row else [])]
    if rules is None or not all(kept.is_plain(model, using) for model in models):
        return None
    kind, row = asked.row or (None, None)
    pattern = Asked(
        (kind, kept.given("row")) if kind else None,
        kept.given("user"),
        kept.given("chat"),
        None if asked.after is None else kept.given("after"),
    )
    depends_on = wanted.__name__, using, type(rules), kind, asked.after is None
    values = {"user": asked.user, "chat": asked.chat, "after": asked.after, "row": row}
    return kept.Question(depends_on, lambda: wanted(pattern, rules), using, values)


def is_allowed(state: Facts, user: Any, chat: int) -> bool:
    if state.allowed is not None:
        return bool(state.allowed)
    found = Chat.objects.visible_to(user).filter(pk=chat).first()
    return found is not None and is_open(found, user)


def read_after(chat: int, seq: int, limit: int) -> list[Posted]:
    """The next messages of a chat after a number."""
    renderer = Renderer()
    rows = Message.objects.filter(chat=chat, seq__gt=seq).order_by("seq")[:limit]
    return [renderer.posted(message) for message in rows]


def changes_after(chat: int, number: int, *, up_to: int | None = None) -> list[Changed]:
    """The changes after a number, of messages up to ``up_to``; at most one more than may be missed."""
    rows = MessageEvent.objects.filter(chat=chat, number__gt=number).select_related("message").order_by("number")
    if up_to is not None:
        rows = rows.filter(message__seq__lte=up_to)
    return [changed(row.message, row.number) for row in rows[: MOST_MISSED + 1]]


def counters(chats: Collection[int]) -> list[tuple[int, int, int]]:
    """Chat, newest message and newest change of each of the chats."""
    return list(Chat.objects.filter(pk__in=chats).values_list("pk", "last_seq", "last_event"))


class Shown(NamedTuple):
    """What a person shows of themselves, and so may see of others."""

    read_receipts: bool
    typing: bool
    presence: bool


EVERYTHING = Shown(True, True, True)


class Manners(NamedTuple):
    """What people show, by the text of their key, where that is not everything; and how far members have read."""

    shares: dict[str, Shown]
    read: dict[tuple[int, str], int]


def manners(pairs: Collection[tuple[int, Any]]) -> Manners:
    """For sockets that have just joined: chats and users."""
    places = Membership.objects.filter(chat__in={chat for chat, _user in pairs})
    read = {(chat, user): seq for chat, user, seq in places.values_list("chat", "user", "read_seq")}
    # Of those who are there already too: they may keep to themselves how far they have read.
    people = {user for _chat, user in (*pairs, *read)}
    chosen = Privacy.objects.filter(pk__in=people).values_list("pk", *Shown._fields)
    return Manners(
        {str(pk): Shown(*values) for pk, *values in chosen},
        {(chat, str(user)): seq for (chat, user), seq in read.items()},
    )


def shares_reading(user: Any) -> bool:
    return not Privacy.objects.filter(pk=user, read_receipts=False).exists()


def inspect(sockets: Sequence[Any], thoroughly: bool) -> dict[Any, Close]:
    """The sockets that have to end, each with its code.

    ``thoroughly`` authenticates each anew; else that is done only where the tables alone cannot tell.
    """
    try:
        pairs = open_pairs({(socket.chat, socket.user_pk) for socket in sockets})
        rows = living(
            socket.credential.row
            for socket in sockets
            if socket.credential.by_row and socket.credential.row is not None
        )
    except (OperationalError, InterfaceError):
        logger.warning(
            "Rights of %s sockets could not be read.",
            len(sockets),
            extra=fields("database_unreachable", count=len(sockets)),
        )
        return {}
    except Exception:
        if len(sockets) > 1:
            return {socket: code for each in sockets for socket, code in inspect([each], thoroughly).items()}
        logger.exception(
            "The rights of a socket of chat %s could not be decided.",
            sockets[0].chat,
            exc_info=without_text(),
            extra=fields("rights_failed", chat=sockets[0].chat, user=sockets[0].user_pk),
        )
        return {sockets[0]: Close.TRY_LATER}
    verdicts = {}
    for socket in sockets:
        stamp, credential = pairs.get((socket.chat, socket.user_pk)), socket.credential
        known = credential.by_row and (credential.row is None or credential.row in rows) and stamp == socket.stamp
        if known and not thoroughly:
            continue
        code = examine(socket, stamp)
        if code is not None:
            verdicts[socket] = code
    return verdicts


def examine(socket: Any, stamp: str | None) -> Close | None:
    """Authenticate a socket again. ``stamp``: of its user, where the chat is open to them."""
    try:
        user = socket.credential.current_user()
    except (OperationalError, InterfaceError):
        return None
    except Exception:
        logger.exception(
            "A socket of chat %s could not be authenticated again.",
            socket.chat,
            exc_info=without_text(),
            extra=fields("authentication_failed", chat=socket.chat, user=socket.user_pk),
        )
        return Close.TRY_LATER
    if user is None or str(user.pk) != str(socket.user_pk):
        return Close.UNAUTHENTICATED
    if stamp is None:
        return Close.FORBIDDEN
    # A check of the right password may have stored it under a newer hash.
    socket.stamp = stamp_of(user.password)
    return None
