from __future__ import annotations

from typing import Any

from django.db.models import ProtectedError, RestrictedError
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from find_friend import locks, users
from find_friend.exceptions import UserNotThere
from find_friend.policies import policy
from find_friend.serializers import serializer_class, user_cards
from find_friend.views import FindFriendMixin, RoleSerializerMixin, TakesPart, VisibleRowsMixin

from ..exceptions import AccountInUse
from ..filters import filter_people
from ..serializers import CurrentPasswordSerializer
from ..signals import user_deleted
from .base import AccountView, demand_password, end_session


class UserViewSet(VisibleRowsMixin, FindFriendMixin, RoleSerializerMixin, GenericViewSet):
    """Sign-up, people search and user cards."""

    permission_classes = [TakesPart]
    throttle_scopes = {"POST": ("signup",), "*": ("search",)}

    @property
    def guest(self) -> bool:  # type: ignore[override]
        """Signing up is for guests; everything else is not."""
        return self.request is not None and self.action_map.get(self.request.method.lower()) == "create"

    @property
    def serializer_role(self) -> str:  # type: ignore[override]
        return "signup" if self.guest else "user"

    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        shown = serializer_class("me")(serializer.save(), context=self.get_serializer_context())
        return Response(shown.data, status=status.HTTP_201_CREATED)

    def get_queryset(self) -> Any:
        everybody = users.active_users().exclude(pk=self.request.user.pk)
        return policy().visible_users(everybody, self.request.user)

    def get_other(self, row: Any) -> Any:
        return row.pk

    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(filter_people(self.get_queryset(), request.query_params))
        cards = user_cards([user.pk for user in found], self.get_serializer_context())
        return self.get_paginated_response([cards[user.pk] for user in found if user.pk in cards])

    def retrieve(self, request: Request, pk: str) -> Response:
        user = users.find_user(pk)
        viewer = self.request.user
        if user is None or not (user == viewer or policy().may_see(viewer, user)):
            raise UserNotThere
        return Response(user_cards([user.pk], self.get_serializer_context())[user.pk])


class MeView(RoleSerializerMixin, AccountView):
    """One's own account."""

    serializer_role = "me"
    throttle_scopes = {"PATCH": ("change",), "DELETE": ("password",), "*": ("read",)}

    def get(self, request: Request) -> Response:
        return Response(self.get_serializer(request.user).data)

    def patch(self, request: Request) -> Response:
        serializer = self.get_serializer(request.user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    def get_serializer_class(self) -> type[Any]:
        deletes = self.request is not None and self.request.method == "DELETE"
        return CurrentPasswordSerializer if deletes else super().get_serializer_class()

    def delete(self, request: Request) -> Response:
        user = self.request.user
        demand_password(user, self.read(request)["current_password"])
        pk = user.pk
        try:
            with locks.locked_users(user):
                user.delete()
                user_deleted.send_on_commit(type(user), user_pk=pk)
        except (ProtectedError, RestrictedError):
            raise AccountInUse from None
        end_session(request)
        return Response(status=status.HTTP_204_NO_CONTENT)
