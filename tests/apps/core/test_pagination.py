from base64 import b64encode

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, models, transaction
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from find_friend.pagination import CursorPage

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.core.probes")]


@pytest.fixture(autouse=True)
def _cards(configure):
    configure(SERIALIZERS={"probe": "tests.apps.core.test_serializers.NameOnly"}, PAGE_SIZE=3, PAGE_MAX_SIZE=5)


@pytest.fixture
def client(signed_in, user_factory):
    people = [user_factory() for _ in range(7)]
    return signed_in(people[0])


def page(client, **query):
    answer = client.get("/people/", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_page_has_three_keys_and_the_size_of_the_settings(client):
    found = page(client)
    assert list(found) == ["next", "previous", "results"]
    assert len(found["results"]) == 3
    assert found["previous"] is None


@pytest.mark.parametrize(("limit", "length"), [(1, 1), (5, 5), (1000, 5), (0, 3), (-1, 3), ("x", 3), ("", 3)])
def test_limit_is_bounded(client, limit, length):
    assert len(page(client, limit=limit)["results"]) == length


def test_pages_show_everything_once(client):
    seen, url = [], "/people/?limit=2"
    while url:
        found = client.get(url).json()
        seen += [person["name"] for person in found["results"]]
        url = found["next"]
    assert sorted(seen) == sorted(get_user_model()._default_manager.values_list("first_name", flat=True))


@pytest.mark.parametrize("position", ["p=nonsense", "p=%00", "p=" + "9" * 400, "r=1&p=%F0%9F%98%80", "o=999999999&p="])
def test_a_cursor_made_by_hand_leads_nowhere(client, position):
    cursor = b64encode(position.encode()).decode()
    with transaction.atomic():
        answer = client.get("/people/", {"cursor": cursor})
    assert answer.status_code in (200, 404)
    if answer.status_code == 404:
        assert answer.json()["code"] == "not_found"


def test_a_position_of_another_type_is_no_cursor(client):
    if isinstance(get_user_model()._meta.pk, models.CharField):
        pytest.skip("any text may be a key here")
    cursor = b64encode(b"p=nonsense").decode()
    answer = client.get("/people/", {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("cursor", ["", "%", "not base64", "ÿ", "AAAA"])
def test_noise_is_no_server_error(client, cursor):
    assert client.get("/people/", {"cursor": cursor}).status_code in (200, 404)


def test_a_fault_of_ours_is_not_blamed_on_the_cursor(db):
    request = Request(APIRequestFactory().get("/"))
    broken = get_user_model()._default_manager.extra(where=["no_such_column = 1"])
    with pytest.raises(DatabaseError), transaction.atomic():
        CursorPage().paginate_queryset(broken, request)
