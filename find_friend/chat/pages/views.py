from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4, uuid5

from django.db.models import Count, F, Sum
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings
from find_friend.pages.links import address
from find_friend.pages.views import ActionPage, ConfirmPage, FormPage, ListPage
from find_friend.policies import policy
from find_friend.serializers import serializer_class
from find_friend.users import find_user

from ..exceptions import ChatNotThere, ClientIdReused, MessageNotThere, NotMember, ReceiverNotThere
from ..models import Chat, Membership, Message, Privacy
from ..models.chat import number_in
from ..rights import is_open
from .emoji import FEW, OFFERED
from .forms import EditForm, MessageForm, PrivacyForm
from .lines import Lines, People, empty_line, name_of, rows, today, words

PART = "Find-Friend-Part"  # a header by which a script asks for a part of a page


class ChatListView(ListPage):
    """One's chats, those with the newest messages first.

    A script asks for the list again and again, and is told cheaply that nothing has changed.
    """

    template_name = "find_friend/chat/chats.html"
    part_template_name = "find_friend/chat/elements/chats_part.html"
    title = _("Chats")
    takes_part = True
    ordering = ("-active", "-chat_id")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.headers.get(PART) != "list":
            return super().get(request, *args, **kwargs)
        response: Any = get_conditional_response(request, etag=self.stamp)
        if response is None:
            response = TemplateResponse(request, self.part_template_name, self.get_context_data(**kwargs))
        response.headers["ETag"] = self.stamp
        patch_vary_headers(response, [PART])
        return response

    @cached_property
    def stamp(self) -> str:
        """Another one whenever the list is another: everything that is counted here only grows."""
        places = Membership.objects.filter(user=self.request.user.pk)
        counted = places.aggregate(
            Count("pk"), Sum("read_seq"), Sum("chat__last_seq"), Sum("chat__last_event"), Sum("chat_id")
        )
        known = json.dumps(
            [*map(str, counted.values()), get_language(), timezone.get_current_timezone_name(), str(today())]
        )
        return f'"{hashlib.sha256(known.encode()).hexdigest()[:32]}"'

    def get_queryset(self) -> Any:
        # The newest messages are looked up for the rows of one page only.
        places = Membership.objects.filter(user=self.request.user.pk).select_related("chat")
        return places.annotate(active=F("chat__modified"))

    def keep_visible(self, rows: list[Any]) -> list[Any]:
        """A chat stays, whoever may not be seen any more."""
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        stamp = self.stamp  # before the rows: what changes in between comes with the next question
        page = self.paginate(self.get_queryset())
        chats = rows(self.request.user, page.pop("rows"), People(self.get_serializer_context()))
        return super(ListPage, self).get_context_data(chats=chats, stamp=stamp, **page, **kwargs)


class ChatMixin:
    """Pages of one chat, for its members."""

    request: Any
    kwargs: dict[str, Any]
    takes_part = True

    @cached_property
    def chat(self) -> Chat:
        """The chat in the address. Raises ChatNotThere, NotMember."""
        chat = Chat.objects.asked_by(self.request.user).find(self.kwargs["pk"])
        if chat is None:
            raise ChatNotThere
        if not chat.is_member:
            raise NotMember
        return chat

    def find(self) -> Any:
        """What the page is about. Raises where there is nothing to show."""
        return self.chat

    def check_throttles(self) -> None:
        # Before anything is counted, as a form that comes too often is shown again with what it is about.
        self.find()
        super().check_throttles()  # type: ignore[misc]

    def get_success_url(self) -> str:
        return reverse("find_friend_chat_pages:room", args=[self.chat.pk])


class RoomView(ChatMixin, FormPage):
    """A chat with its newest messages, or those before ``?before_seq=``; POST writes one."""

    template_name = "find_friend/chat/room.html"
    part_template_name = "find_friend/chat/elements/history.html"
    form_class = MessageForm
    throttle_scopes = {"POST": ("message",)}
    page_size = 50
    socket_path = "ws/chat/{chat}/"

    def get_socket_path(self) -> str:
        """Where the socket of the chat is on this host."""
        return get_script_prefix() + self.socket_path.format(chat=self.chat.pk)

    def get_content_security_policy(self) -> dict[str, list[str]]:
        policy = super().get_content_security_policy()
        # For some browsers sockets of the same host are not 'self'.
        host = self.request.get_host()
        schemes = ["wss"] if self.request.is_secure() else ["ws", "wss"]
        policy["connect-src"] = [*policy["connect-src"], *(f"{scheme}://{host}" for scheme in schemes)]
        return policy

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.headers.get(PART) != "messages":
            return super().get(request, *args, **kwargs)
        response = TemplateResponse(request, self.part_template_name, self.get_history())
        patch_vary_headers(response, [PART])
        return response

    def get_title(self) -> str:
        return name_of(self.card)

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "client_id": uuid4()}

    def perform(self, form: MessageForm) -> None:
        values = dict(form.serializer.validated_data)
        try:
            self.chat.post(by=self.request.user, **values)
        except ClientIdReused:
            # The way back in a browser brings an old form: another text is another message, once.
            values["client_id"] = uuid5(values["client_id"], values["text"])
            self.chat.post(by=self.request.user, **values)

    @cached_property
    def card(self) -> dict[str, Any] | None:
        other = self.chat.other_key(self.request.user)
        return People(self.get_serializer_context()).cards_of({other}).get(other)

    @cached_property
    def is_open(self) -> bool:
        return is_open(self.chat, self.request.user)

    @cached_property
    def before(self) -> int | None:
        """The number of a message in the address. Http404 for what is none."""
        text = self.request.GET.get("before_seq")
        seq = None if text is None else number_in(text)
        if text is not None and seq is None:
            raise Http404
        return seq

    def get_history(self) -> dict[str, Any]:
        """``lines``, oldest first, and the number of the first where there are earlier ones."""
        shown, earlier = self.chat.messages.all().page_before(self.before, self.page_size)
        begins_here = earlier is None or earlier <= self.read_seq + 1
        return {
            "chat": self.chat,
            "lines": self.lines_of(shown, self.read_seq if begins_here else None),
            "earlier": None if earlier is None else str(earlier),
            "jump": None if begins_here or self.before is not None else str(self.read_seq + self.page_size),
            "is_open": self.is_open,
        }

    @cached_property
    def read_seq(self) -> int:
        """How far the person has read."""
        return self.chat.membership(self.request.user).read_seq

    def lines_of(self, messages: Iterable[Message], unread_after: int | None) -> list[Any]:
        cards = {self.chat.other_key(self.request.user): self.card}
        lines = Lines(self.request.user, cards, read=self.read_up_to, unread_after=unread_after, is_open=self.is_open)
        return lines.of(messages)

    @cached_property
    def read_up_to(self) -> int:
        """How far the others have read, where both sides show that."""
        places = list(self.chat.memberships.all()) if self.is_open else []
        hidden = Privacy.objects.filter(user__in=[place.user_id for place in places], read_receipts=False)
        others = [place.read_seq for place in places if place.user_id != self.request.user.pk]
        return min(others) if others and not hidden.exists() else 0

    def get_blocks(self) -> str | None:
        """The page where a block can be lifted, if the chat has ended by one of the person's own."""
        other = self.chat.other_key(self.request.user)
        if self.is_open or self.card is not None or other is None:
            return None
        has_blocked = policy().relationships(self.request.user, [other]).get(other) == "blocked"
        return address("find_friend_friends_pages:blocks") if has_blocked else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        history = self.get_history()
        user = self.request.user
        name = name_of(self.card)
        last = history["lines"][-1].seq if history["lines"] else "0"
        unread = max(0, int(last) - self.read_seq)
        page = {
            "card": self.card,
            "name": name,
            "is_newest": self.before is None,
            "unread": str(unread),
            "unread_count": unread,
            "blocks": self.get_blocks(),
            "last": last,
            "last_event": str(self.chat.last_event),
            "read_up_to": str(max([self.read_up_to, *(int(line.seq) for line in history["lines"] if not line.own)])),
            "limit": str(app_settings.CHAT_MESSAGE_MAX_LENGTH),
            "socket": self.get_socket_path(),
            "user_key": str(user.pk),
            "names": json.dumps({str(self.chat.other_key(user) or ""): name}),
            "words": words(),
            "empty_line": empty_line(user),
            "emoji": OFFERED,
            "big": FEW,
        }
        return super().get_context_data(**history, **page, **kwargs)


class MessageMixin(ChatMixin):
    """Pages about a message of one's own."""

    @cached_property
    def message(self) -> Message:
        """Raises MessageNotThere, NotSender, and what ``chat`` raises."""
        seq = number_in(self.kwargs["seq"])
        if seq is None:
            raise MessageNotThere
        return self.chat.own_message(self.request.user, seq)

    def find(self) -> Any:
        self.chat.ensure_open_to(self.request.user)
        return self.message


class EditView(MessageMixin, FormPage):
    template_name = "find_friend/form.html"
    form_class = EditForm
    title = _("Edit the message")
    throttle_scopes = {"POST": ("message",)}

    def find(self) -> Any:
        message = super().find()
        if message.deleted_at is not None:
            raise MessageNotThere
        return message

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "text": self.message.text}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cancel_url=self.get_success_url(), **kwargs)

    def perform(self, form: EditForm) -> None:
        text = form.serializer.validated_data["text"]
        self.chat.edit(by=self.request.user, seq=self.message.seq, text=text)


class DeleteView(MessageMixin, ConfirmPage):
    template_name = "find_friend/chat/delete.html"
    question = _("Delete this message?")
    explanation = _("It is gone for both of you. That there was a message can still be seen.")
    submit_label = _("Delete")
    throttle_scopes = {"POST": ("message",)}

    def get_cancel_url(self) -> str:
        return self.get_success_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(message=self.message, **kwargs)

    def perform(self, form: Any) -> None:
        self.chat.erase(by=self.request.user, seq=self.message.seq)


class ReadView(ChatMixin, ActionPage):
    """A button for those whose browser runs no script: everything up to ``seq`` has been read."""

    throttle_scopes = {"POST": ("read",)}

    def perform(self) -> None:
        wanted = serializer_class("chat_read")(data=self.request.POST, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        self.chat.read(by=self.request.user, seq=wanted.validated_data["read_seq"])


class StartView(ActionPage):
    """Leads to the chat with a person, which is begun where there is none yet."""

    takes_part = True
    throttle_scopes = {"POST": ("chat_start",)}
    chat: Chat | None = None

    def perform(self) -> None:
        other = find_user(self.kwargs["pk"])
        if other is None:
            raise ReceiverNotThere
        self.chat, _created = Chat.objects.direct(by=self.request.user, to=other)  # type: ignore[arg-type]

    def get_success_url(self) -> str:
        if self.chat is None:
            return self.next_url(reverse("find_friend_chat_pages:chats"))
        return reverse("find_friend_chat_pages:room", args=[self.chat.pk])


class PrivacyView(FormPage):
    """What one shows of oneself in chats."""

    template_name = "find_friend/account.html"
    form_class = PrivacyForm
    title = _("Privacy in chats")
    takes_part = True
    throttle_scopes = {"POST": ("change",)}
    success_message = _("Saved.")

    def get_initial(self) -> dict[str, Any]:
        chosen = Privacy.objects.of(self.request.user)  # type: ignore[arg-type]
        shown = serializer_class("chat_privacy")(chosen, context=self.get_serializer_context()).data
        return {**super().get_initial(), **shown}

    def perform(self, form: PrivacyForm) -> None:
        Privacy.objects.choose(self.request.user, **form.serializer.validated_data)  # type: ignore[arg-type]

    def get_success_url(self) -> str:
        return self.request.path
