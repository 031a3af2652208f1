from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.http import Http404
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from find_friend.exceptions import UserNotThere
from find_friend.policies import policy
from find_friend.serializers import serializer_class
from find_friend.users import find_user
from find_friend.views import FindFriendMixin, RoleSerializerMixin, TakesPart, VisibleRowsMixin

from .models import Block, FriendRequest, Friendship
from .serializers import BlockSerializer, FriendRequestFilterSerializer, FriendSerializer

__all__ = ["BlockViewSet", "FriendRequestViewSet", "FriendViewSet"]


class FriendRequestViewSet(
    VisibleRowsMixin, FindFriendMixin, RoleSerializerMixin, mixins.ListModelMixin, GenericViewSet
):
    permission_classes = [TakesPart]
    serializer_role = "friend_request"
    throttle_scopes = {"POST": ("change",)}

    def get_throttles(self) -> list[Any]:
        self.throttle_scopes = {"POST": ("friend_request" if self.action == "create" else "change",)}
        return super().get_throttles()

    def get_queryset(self) -> Any:
        requests = FriendRequest.objects.select_related("from_user", "to_user")
        if self.action != "list":
            return requests.visible_to(self.user)
        wanted = FriendRequestFilterSerializer(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        requests = getattr(requests, wanted.validated_data["direction"])(self.user)
        return requests.filter(**{key: value for key, value in wanted.validated_data.items() if key == "status"})

    def get_other(self, row: FriendRequest) -> Any:
        return row.from_user_id if row.to_user_id == self.user.pk else row.to_user_id

    def create(self, request: Request) -> Response:
        wanted = serializer_class("friend_request_create")(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        data = wanted.validated_data
        sent = FriendRequest.objects.send(by=self.user, to=data["to_user"], message=data["message"])
        code = status.HTTP_201_CREATED if sent.sent_now else status.HTTP_200_OK
        return Response(self.get_serializer(sent).data, status=code)

    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        friend_request = self.get_object()
        friend_request.accept(by=self.user)
        return Response(self.get_serializer(friend_request).data)

    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        friend_request = self.get_object()
        friend_request.decline(by=self.user)
        return Response(self.get_serializer(friend_request).data)

    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        friend_request = self.get_object()
        friend_request.withdraw(by=self.user)
        return Response(self.get_serializer(friend_request).data)

    def get_object(self) -> Any:
        found = super().get_object()
        if not self.keep_visible([found]):
            raise Http404
        return found


class FriendViewSet(VisibleRowsMixin, FindFriendMixin, mixins.ListModelMixin, GenericViewSet):
    serializer_class = FriendSerializer
    lookup_value_regex = "[^/]+"  # a user's key may be any text
    throttle_scopes = {"DELETE": ("change",)}

    def get_queryset(self) -> Any:
        return Friendship.objects.visible_to(self.user)

    def get_other(self, row: Friendship) -> Any:
        return row.friend_id

    def destroy(self, request: Request, pk: str) -> Response:
        friend = find_user(pk)
        if friend is None or not Friendship.objects.unfriend(by=self.user, friend=friend):
            raise UserNotThere
        return Response(status=status.HTTP_204_NO_CONTENT)


class BlockViewSet(FindFriendMixin, mixins.ListModelMixin, GenericViewSet):
    serializer_class = BlockSerializer
    lookup_value_regex = "[^/]+"
    throttle_scopes = {"POST": ("change",), "DELETE": ("change",)}

    def get_queryset(self) -> Any:
        return Block.objects.of(self.user)

    def create(self, request: Request) -> Response:
        wanted = serializer_class("block_create")(data=request.data, context=self.get_serializer_context())
        wanted.is_valid(raise_exception=True)
        user = wanted.validated_data["user"]
        if not policy().may_know_of(self.user, user):
            raise UserNotThere
        block, created = Block.objects.block(by=self.user, user=user)
        code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
        return Response(self.get_serializer(block).data, status=code)

    def destroy(self, request: Request, pk: str) -> Response:
        user = find_user(pk, among=get_user_model()._default_manager.all())  # a block of a deactivated user too
        if user is None or not Block.objects.lift(by=self.user, user=user):
            raise UserNotThere
        return Response(status=status.HTTP_204_NO_CONTENT)
