from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from find_friend.views import FindFriendMixin, RoleSerializerMixin

from ..models import City, Interest


class PrefixSerializer(serializers.Serializer):
    search = serializers.CharField(max_length=100, required=False, allow_blank=True)


class ReferenceViewSet(FindFriendMixin, RoleSerializerMixin, mixins.ListModelMixin, GenericViewSet):
    """A list to pick from; ``?search=`` takes the beginning of a name."""

    throttle_scopes = {"*": ("read",)}

    def filter_queryset(self, queryset: Any) -> Any:
        query = PrefixSerializer(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        return queryset.search(query.validated_data.get("search", ""))

    def list(self, request: Request) -> Response:
        return super().list(request)


class InterestViewSet(ReferenceViewSet):
    """Interests in alphabetical order."""

    serializer_role = "interest"
    queryset = Interest.objects.all()
    ordering = ("search_key", "pk")


class CityViewSet(ReferenceViewSet):
    """Cities, the largest first."""

    serializer_role = "city"
    queryset = City.objects.all()
    ordering = ("-population", "-pk")
    # Cities of one size are told apart by their place among them, and thousands may have none given.
    offset_cutoff = 1_000_000
