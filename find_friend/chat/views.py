from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.urls import reverse
from rest_framework import status
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
from .exceptions import ChatNotThere, EmailRequired, NotMember, ReceiverNotThere
from .models import Chat, Membership, Ticket
from .serializers import HistoryFilterSerializer


class ChatView(FindFriendMixin, GenericViewSet):
    """A view of one chat: for its members, and to look at for administrators."""

    permission_classes = [TakesPart]
    queryset = Chat.objects.all()
    supervised = False

    def get_object(self) -> Chat:
        """The chat in the address. Raises ChatNotThere, NotMember."""
        chat = Chat.objects.find(self.kwargs["pk"])
        if chat is None:
            raise ChatNotThere
        if not chat.memberships.filter(user=self.user.pk).exists():
            self.supervised = self.request.method in ("GET", "HEAD") and supervision.is_allowed(self.user)
            if not self.supervised:
                raise NotMember
            supervision.record(self.user, chat)
        return chat

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "sees_everybody": self.supervised}


class ChatViewSet(RoleSerializerMixin, ChatView):
    @property
    def serializer_role(self) -> str:  # type: ignore[override]
        return "chat_list_item" if self.action == "list" else "chat"

    def list(self, request: Request) -> Response:
        """One's own chats, those with the newest messages first."""
        return Response(self.get_serializer(Membership.objects.of(self.user), many=True).data)

    def retrieve(self, request: Request, pk: str) -> Response:
        """A chat with its newest messages."""
        return Response(self.get_serializer(self.get_object()).data)


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
    throttle_scopes = {"POST": ("message",)}

    def list(self, request: Request, pk: str) -> Response:
        """The messages of a chat, newest first; with ``after_seq`` oldest first."""
        messages = self.get_object().messages.all()
        wanted = HistoryFilterSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        before, after = (wanted.validated_data.get(name) for name in ("before_seq", "after_seq"))
        if before is not None:
            messages = messages.before(before)
        if after is not None:
            messages = messages.after(after)
        limit = CursorPage().get_page_size(request)
        rows = list(messages.order_by("-seq" if after is None else "seq")[: limit + 1])
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
