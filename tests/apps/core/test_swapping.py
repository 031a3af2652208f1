"""A site's own permission, throttle and pagination classes take part in every endpoint."""

import pytest
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from find_friend.throttling import ScopeThrottle

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.core.probes")]


class NotEve(BasePermission):
    message = "Not you, Eve."
    code = "not_eve"

    def has_permission(self, request, view):
        return request.user.first_name != "Eve"


class NoStaff(ScopeThrottle):
    """Staff are never told to wait."""

    def allow_request(self, request, view):
        return request.user.is_staff or super().allow_request(request, view)


class Closed(BaseThrottle):
    def allow_request(self, request, view):
        return False


class Numbered(PageNumberPagination):
    page_size = 2


def test_permissions_are_asked_after_our_own(configure, signed_in, client, ann, eve):
    configure(PERMISSION_CLASSES=[f"{__name__}.NotEve"])
    assert signed_in(ann).get("/echo/").status_code == 200
    refused = signed_in(eve).get("/echo/")
    assert (refused.status_code, refused.json()) == (403, {"detail": "Not you, Eve.", "code": "not_eve"})
    assert client.get("/echo/").status_code == 401
    assert client.get("/guest/").status_code == 200


def test_a_throttle_of_ones_own_counts_by_scope(configure, signed_in, ann, staff):
    configure(THROTTLE_CLASSES=[f"{__name__}.NoStaff"], THROTTLE_RATES={"read": "1/day"})
    assert [signed_in(ann).get("/limited/").status_code for _ in range(2)] == [200, 429]
    assert [signed_in(staff).get("/limited/").status_code for _ in range(2)] == [200, 200]


def test_other_throttles_are_asked_once(configure, signed_in, ann):
    configure(THROTTLE_CLASSES=[Closed])
    assert signed_in(ann).get("/echo/").status_code == 429
    configure(THROTTLE_CLASSES=())
    assert signed_in(ann).get("/echo/").status_code == 200


@pytest.mark.parametrize("path", ["/people/", "/visible/"])
@pytest.mark.parametrize("chosen", ["Numbered", None])
def test_pages_of_ones_own(configure, signed_in, user_factory, path, chosen):
    configure(SERIALIZERS={"probe": "tests.apps.core.test_serializers.NameOnly"})
    if chosen:
        configure(PAGINATION_CLASS=f"{__name__}.{chosen}")
    people = [user_factory(first_name=f"Number {number}") for number in range(5)]
    newest = [person.first_name for person in sorted(people, key=lambda person: person.pk, reverse=True)]
    answer = signed_in(people[0]).get(path, {"page": 2} if chosen else {"limit": 2}).json()
    shown = [person["name"] for person in answer["results"]]
    assert shown == (newest[2:4] if chosen else newest[:2])
    assert answer.get("count") == (5 if chosen else None)
