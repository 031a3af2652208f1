from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.urls import reverse
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import GenericViewSet

from find_friend.conf import app_settings
from find_friend.pagination import CursorPage
from find_friend.serializers import serializer_class
from find_friend.users import find_user_by_email
from find_friend.views import FindFriendMixin, RoleSerializerMixin, TakesPart

from . import supervision
from .exceptions import ChatNotThere, EmailRequired, MessageNotThere, NotMember, ReceiverNotThere
from .models import Chat, Membership, Message, Privacy, Ticket
from .models.chat import number_in
from .models.message import MessageQuerySet
from .serializers import HistoryFilterSerializer

__all__ = ["ChatViewSet", "MessageViewSet", "PrivacyView", "ReadView", "StartChatView", "TicketView"]


class ChatView(FindFriendMixin, GenericViewSet):
    """A view of one chat: for its members, and to look at for administrators."""

    permission_classes = [TakesPart]
    queryset = Chat.objects.all()
    supervised = False

    def get_object(self) -> Chat:
        """The chat in the address. Raises ChatNotThere, NotMember."""
        chat = Chat.objects.asked_by(self.user).find(self.kwargs["pk"])
        if chat is None:
            raise ChatNotThere
        self.admit(chat, is_member=chat.is_member)
        return chat

    def admit(self, chat: Chat, *, is_member: bool) -> None:
        """Let members in, and administrators who look; the latter leave a trace. Raises NotMember."""
        if is_member:
            return
        self.supervised = self.request.method in ("GET", "HEAD") and supervision.is_allowed(self.user)
        if not self.supervised:
            raise NotMember
        supervision.record(self.user, chat)

    def get_messages(self) -> MessageQuerySet:
        """Those of the chat in the address, if there is one, each with ``is_member`` of the one who asks.

        Whether that one may see them has to be decided before they are shown, by ``admit``. One statement answers
        both; only where it finds nothing, ``get_object`` has to tell why.
        """
        return Message.objects.of_chat(number_in(self.kwargs["pk"]), asked_by=self.user)

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        return {**context, "sees_everybody": self.supervised, "client_ids_of": self.user.pk}


class ChatViewSet(RoleSerializerMixin, ChatView):
    @property
    def serializer_role(self) -> str:  # type: ignore[override]
        return "chat_list_item" if self.action == "list" else "chat"

    def list(self, request: Request) -> Response:
        """One's own chats, those with the newest messages first."""
        return Response(self.get_serializer(Membership.objects.of(self.user), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """A chat with its newest messages."""
        messages = list(self.get_messages().select_related("chat").newest())
        chat = messages[0].chat if messages else self.get_object()
        if messages:
            self.admit(chat, is_member=messages[0].is_member)
        context = {**self.get_serializer_context(), "history": messages}
        return Response(self.get_serializer_class()(chat, context=context).data)


class StartChatView(RoleSerializerMixin, ChatView):
    serializer_role = "chat"
    throttle_scopes = {"POST": ("chat_start",)}

    def create(self, request: Request) -> Response:
        """Open a chat with a friend; one that exists already is redirected to."""
        receiver = find_user_by_email(self.get_email())
        if receiver is None:
            raise ReceiverNotThere
        chat, created = Chat.objects.direct(by=self.user, to=receiver)
        if created:
            return Response(self.get_serializer(chat).data)
        address = reverse("find_friend_chat:chat-detail", args=[chat.pk])
        return Response(status=status.HTTP_302_FOUND, headers={"Location": address})

    def get_email(self) -> str:
        wanted = self.get_start_serializer(data=self.request.data)
        if not wanted.is_valid():
            raise EmailRequired
        return wanted.validated_data["email"]

    def get_start_serializer(self, **kwargs: Any) -> Any:
        return serializer_class("start_chat")(context=self.get_serializer_context(), **kwargs)


class MessageViewSet(RoleSerializerMixin, ChatView):
    serializer_role = "message"
    throttle_scopes = {"POST": ("message",), "PATCH": ("message",), "DELETE": ("message",)}

    def list(self, request: Request, pk: str) -> Response:
        """The messages of a chat, newest first; with ``after_seq`` oldest first."""
        wanted = HistoryFilterSerializer(data=request.query_params)
        if not wanted.is_valid():
            self.get_object()
            raise ValidationError(wanted.errors)
        before, after = (wanted.validated_data.get(name) for name in ("before_seq", "after_seq"))
        messages = self.get_messages()
        if before is not None:
            messages = messages.before(before)
        if after is not None:
            messages = messages.after(after)
        limit = CursorPage().get_page_size(request)
        rows = list(messages.order_by("-seq" if after is None else "seq")[: limit + 1])
        if not rows or not rows[0].is_member:
            self.get_object()
        next_page = None
        if len(rows) > limit:
            name = "before_seq" if after is None else "after_seq"
            next_page = replace_query_param(request.build_absolute_uri(), name, rows[limit - 1].seq)
        results = self.get_serializer(rows[:limit], many=True).data
        return Response({"next": next_page, "previous": None, "results": results})

    def create(self, request: Request, pk: str) -> Response:
        """Write a message; the same ``client_id`` again answers 200 with the message it made before."""
        chat = self.get_object()
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        message = chat.post(by=self.user, **wanted.validated_data)
        code = status.HTTP_200_OK if message.is_repeat else status.HTTP_201_CREATED
        return Response(self.get_serializer(message).data, status=code)

    def update(self, request: Request, pk: str, seq: str) -> Response:
        """Give a message of one's own another text."""
        chat = self.get_object()
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        message = chat.edit(by=self.user, seq=self.get_seq(), text=wanted.validated_data["text"])
        return Response(self.get_serializer(message).data)

    def destroy(self, request: Request, pk: str, seq: str) -> Response:
        """Delete a message of one's own; its place remains."""
        self.get_object().erase(by=self.user, seq=self.get_seq())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def get_seq(self) -> int:
        seq = number_in(self.kwargs["seq"])
        if seq is None:
            raise MessageNotThere
        return seq


class PrivacyView(RoleSerializerMixin, FindFriendMixin, GenericViewSet):
    permission_classes = [TakesPart]
    serializer_role = "chat_privacy"
    throttle_scopes = {"PATCH": ("change",)}

    def retrieve(self, request: Request) -> Response:
        """What one shows of oneself in chats."""
        return Response(self.get_serializer(Privacy.objects.of(self.user)).data)

    def update(self, request: Request) -> Response:
        """Choose what one shows, and sees of others."""
        wanted = self.get_serializer(data=request.data, partial=True)
        wanted.is_valid(raise_exception=True)
        if wanted.validated_data:
            Privacy.objects.choose(self.user, **wanted.validated_data)
        return self.retrieve(request)


class ReadView(RoleSerializerMixin, ChatView):
    serializer_role = "chat_read"
    throttle_scopes = {"POST": ("read",)}

    def create(self, request: Request, pk: str) -> Response:
        """Mark a chat as read up to a message."""
        chat = self.get_object()
        wanted = self.get_serializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        membership = chat.read(by=self.user, seq=wanted.validated_data["read_seq"])
        return Response(self.get_serializer(membership).data)


class TicketView(RoleSerializerMixin, FindFriendMixin, GenericViewSet):
    permission_classes = [TakesPart]
    serializer_role = "ticket"
    throttle_scopes = {"POST": ("ticket",)}

    def create(self, request: Request) -> Response:
        """A key that opens one socket, for clients that can send no header."""
        session: Any = getattr(request, "session", {})
        session_key = session.session_key if SESSION_KEY in session else None
        ticket = Ticket.objects.issue(user=self.user, auth=request.auth, session_key=session_key)
        expires_in = int(app_settings.WEBSOCKET_TICKET_TTL.total_seconds())
        answer = Response(self.get_serializer({"ticket": ticket, "expires_in": expires_in}).data)
        answer["Cache-Control"] = "no-store"
        return answer
