from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from find_friend.policies import find_visible, others_visible_to
from find_friend.serializers import serializer_class, user_cards
from find_friend.views import FindFriendMixin, RoleSerializerMixin, TakesPart, VisibleRowsMixin

from .. import passwords, registration
from ..filters import filter_people
from ..serializers import CurrentPasswordSerializer
from .base import AccountView, end_session


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
        return others_visible_to(self.request.user)

    def get_other(self, row: Any) -> Any:
        return row.pk

    def get_people(self) -> Any:
        return filter_people(self.get_queryset(), self.request.query_params, self.get_serializer_context())

    def list(self, request: Request) -> Response:
        found = self.paginate_queryset(self.get_people())
        cards = user_cards([user.pk for user in found], self.get_serializer_context())
        return self.get_paginated_response([cards[user.pk] for user in found if user.pk in cards])

    def retrieve(self, request: Request, pk: str) -> Response:
        user = find_visible(pk, self.request.user)
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
        passwords.demand(user, self.read(request)["current_password"])
        registration.unregister(user)
        end_session(request)
        return Response(status=status.HTTP_204_NO_CONTENT)
