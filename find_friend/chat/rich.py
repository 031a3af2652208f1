"""The socket of a chat in the opt-in protocol ``ff.chat.v1``: JSON objects with a ``type``, see ``frames.py``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from find_friend.conf import app_settings
from find_friend.exceptions import FindFriendError
from find_friend.serializers import serializer_class

from . import inspection
from .consumers import Ended, Socket
from .exceptions import ContentRefused, MessageNotThere, NotSender, TooLate
from .frames import ERRORS, FROM_CLIENT
from .models import Chat, MessageEvent
from .models.chat import LARGEST_SEQ
from .news import Changed, Posted, Told, changed, encode
from .protocols import BadFrame, Close
from .storing import Draft, Stored

TYPING_EVERY = 3  # seconds
CODES = {"blank": "blank", "max_length": "too_long", "busy": "busy", "too_fast": "rate", "malformed": "malformed"}
PONG, PING = encode({"type": "pong"}), encode({"type": "ping"})


def code_of(refused: Any) -> str:
    """The code of an err frame for what a serializer refuses."""
    codes = {error.code for errors in refused.errors.values() for error in errors}
    return CODES.get(",".join(sorted(codes)), "invalid")


class RichSocket(Socket):
    __slots__ = ()
    rich = True

    # connecting

    def read_address(self, scope: dict[str, Any]) -> tuple[int | None, int]:
        from .consumers import query_of

        try:
            query = query_of(scope)
        except ValueError:
            raise Ended(Close.MALFORMED) from None
        after, after_event = query.get("after"), query.get("after_event")
        return (None if after is None else self.number(after)), (0 if after_event is None else self.number(after_event))

    def number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > LARGEST_SEQ:
            raise Ended(Close.MALFORMED)
        return int(text)

    def greet(self, opening: inspection.Opening, scope: dict[str, Any]) -> None:
        after, _after_event = self.read_address(scope)
        limits = {
            "message_max_length": app_settings.CHAT_MESSAGE_MAX_LENGTH,
            "frame_rate": app_settings.CHAT_FRAME_RATE,
            "frame_burst": app_settings.CHAT_FRAME_BURST,
            "heartbeat": app_settings.CHAT_HEARTBEAT,
        }
        counters = {"last_seq": opening.last_seq, "last_event": opening.last_event}
        resumed = after is not None and not opening.reset
        hello = {"chat": self.chat, "user": self.user_pk, **counters, "resumed": resumed, "limits": limits}
        self.put(encode({"type": "hello", **hello}))
        if opening.reset:
            first = opening.missed[0].seq if opening.missed else opening.last_seq + 1
            self.put(encode({"type": "reset", "first_seq": first, **counters}))
        self.last_seq, self.last_event = opening.last_seq, opening.last_event
        self.queue(*(self.written(posted) for posted in opening.missed))
        self.queue(*(change.frame for change in opening.changes))
        self.start_sending()

    # to the client

    def written(self, item: Posted) -> str:
        return item.rich_frame(own=item.sender == str(self.user_pk))

    def deliver_change(self, change: Changed) -> None:
        if change.number > self.last_event:
            if self.is_full:
                self.fall_behind()
                return
            self.last_event = change.number
            self.put(change.frame)

    async def catch_up_changes(self) -> None:
        found: list[Changed] | None = None
        while found is None or len(found) > inspection.MOST_MISSED:
            found = await self.hub.in_thread(inspection.changes_after, self.chat, self.last_event)
            for change in found or ():
                if change.seq > self.last_seq:
                    return  # its message comes first
                self.last_event = change.number
                self.put(change.frame)

    def key_of(self, user: str) -> Any:
        """A user's key as JSON has it; the text of it travels between processes."""
        return int(user) if isinstance(self.user_pk, int) else user

    def hear(self, told: Told) -> None:
        if self.privacy is None or self.closing is not None:
            return
        own = told.user == self.people[0]
        if told.what == "read":
            wanted = own or self.privacy.read_receipts
        elif told.what == "own_read":
            wanted = own
        else:
            wanted = not own and getattr(self.privacy, told.what)
        if wanted and not self.is_full:
            self.put(told.frame)

    # from the client

    def take_frame(self, event: dict[str, Any]) -> None:
        frame: Any = {}
        allowed = self.bucket.take()
        try:
            frame = self.parsed(event.get("text"))
            if not allowed:
                raise BadFrame("too_fast")
            self.takers[frame["type"]](self, frame)
        except BadFrame as bad:
            reason = bad.reason if allowed else "too_fast"
            self.log_dropped(reason)
            self.complain(reason, frame)

    def parsed(self, text: str | None) -> dict[str, Any]:
        try:
            frame = json.loads(text or "")
        except (ValueError, RecursionError):
            raise BadFrame("malformed") from None
        if not isinstance(frame, dict) or not isinstance(frame.get("type"), str) or frame["type"] not in self.takers:
            raise BadFrame("malformed")
        return frame

    def complain(self, reason: str, frame: dict[str, Any], **more: Any) -> None:
        code = reason if reason in ERRORS else CODES.get(reason, "invalid")
        body: dict[str, Any] = {"type": "err", "code": code}
        if code in ("rate", "busy"):
            body["retry_after"] = 1
        client_id = frame.get("client_id")
        if isinstance(client_id, (str, UUID)) and len(str(client_id)) <= 36 and str(client_id).isascii():
            body["client_id"] = str(client_id)
        seq = frame.get("seq")
        if isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq <= LARGEST_SEQ:
            body["seq"] = seq
        if not self.holds(2):  # an answer to the client's own frames fits in where news no longer does
            self.put(encode({**body, **more}))

    def take_send(self, frame: dict[str, Any]) -> None:
        text, client_id = frame.get("text"), frame.get("client_id")
        if not isinstance(text, str) or not isinstance(client_id, str) or len(client_id) > 45:
            raise BadFrame("malformed")
        try:
            key = UUID(client_id)
        except ValueError:
            raise BadFrame("malformed") from None
        self.post(text, key)

    def take_change(self, frame: dict[str, Any]) -> None:
        """Edits, deletions and read marks: rare enough for a thread."""
        wanted = FROM_CLIENT[frame["type"]](data=frame)
        if not wanted.is_valid():
            code = code_of(wanted)
            raise BadFrame(code if code == "blank" else "malformed")
        if self.drafts >= 8:
            raise BadFrame("busy")
        self.drafts += 1
        self.hub.start(self.change(frame, wanted.validated_data))

    async def change(self, frame: dict[str, Any], values: dict[str, Any]) -> None:
        known = self.last_event
        try:
            result = await self.hub.in_thread(self.change_now, frame["type"], values)
        except Exception:
            self.complain("busy", frame)
            raise
        finally:
            self.settled()
        if isinstance(result, Changed):
            # News of a change comes by itself; of what was so already there is none.
            if result.number <= known:
                self.put(result.frame)
        elif result is not None:
            self.complain(result, frame)
            if result == "forbidden":
                verdicts = await self.hub.in_thread(inspection.inspect, [self], True)
                self.end(verdicts.get(self, Close.FORBIDDEN))

    def change_now(self, kind: str, values: dict[str, Any]) -> str | Changed | None:
        """Runs in a database thread. The message as it is now, or what is wrong, as the code of an err frame."""
        user = self.credential.current_user()
        if user is None:
            return "forbidden"
        if kind == "edit":
            wanted = serializer_class("message")(data={"text": values["text"]})
            if not wanted.is_valid():
                return code_of(wanted)
            values["text"] = wanted.validated_data["text"]
        try:
            chat = Chat.objects.get(pk=self.chat)
            if kind == "read":
                chat.read(by=user, seq=values["seq"])
                return None
            message = chat.edit(by=user, **values) if kind == "edit" else chat.erase(by=user, seq=values["seq"])
        except (MessageNotThere, NotSender, TooLate) as error:
            return {MessageNotThere: "not_found", NotSender: "not_sender", TooLate: "too_late"}[type(error)]
        except ContentRefused:
            return "invalid"
        except (FindFriendError, Chat.DoesNotExist):
            return "forbidden"
        event = MessageEvent.objects.filter(pk=message.pk).first()
        return changed(message, 0 if event is None else event.number)

    def take_typing(self, frame: dict[str, Any]) -> None:
        now = self.hub.loop.time()
        if now - self.typed >= TYPING_EVERY and self.privacy is not None and self.privacy.typing:
            self.typed = now
            frame = {"type": "typing", "user": self.user_pk}
            self.hub.spread([Told(self.chat, "typing", self.people[0], encode(frame))])

    def take_ping(self, frame: dict[str, Any]) -> None:
        self.put(PONG)

    def take_pong(self, frame: dict[str, Any]) -> None:
        """That something came is all there is to know."""

    takers: dict[str, Callable[..., None]] = {
        "send": take_send,
        "edit": take_change,
        "delete": take_change,
        "read": take_change,
        "typing": take_typing,
        "ping": take_ping,
        "pong": take_pong,
    }

    # what became of a message

    def stored(self, draft: Draft, stored: Stored, at: str) -> None:
        self.settled()
        if stored.is_repeat and stored.earlier_text not in (None, draft.text):
            self.complain("conflict", {"client_id": draft.client_id})
            return
        repeat = "true" if stored.is_repeat else "false"
        # It goes out with the message itself, which is next.
        self.queue(
            f'{{"type": "ack", "client_id": "{draft.client_id}", "id": {stored.pk}, "seq": {stored.seq}, '
            f'"timestamp": "{at}", "dup": {repeat}}}'
        )

    def not_taken(self, draft: Draft, problem: Exception) -> None:
        self.settled()
        if isinstance(problem, BadFrame):
            self.complain(problem.reason, {"client_id": draft.client_id})
        else:
            self.complain("busy", {"client_id": draft.client_id})

    def not_stored(self, draft: Draft) -> None:
        self.settled()
        self.complain("busy", {"client_id": draft.client_id})

    def turned_away(self, draft: Draft, code: Close) -> None:
        # Who only has to sign in again can still send the message.
        if code is not Close.UNAUTHENTICATED:
            self.complain("forbidden" if code is Close.FORBIDDEN else "busy", {"client_id": draft.client_id})
        self.end(code)

    def look_at_the_clock(self, now: float) -> None:
        silence = now - self.heard
        if silence > app_settings.CHAT_HEARTBEAT * 3:
            self.end(Close.SILENT)
        elif silence > app_settings.CHAT_HEARTBEAT * 2:
            self.put(PING)
        super().look_at_the_clock(now)
