import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from find_friend.chat import delivery
from find_friend.chat.models import Privacy
from find_friend.exceptions import UserNotThere

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/chats/privacy/"
ALL = {"read_receipts": True, "typing": True, "presence": True}


def test_without_a_choice_everything_is_on(api, ann):
    answer = api(ann).get(ADDRESS)
    assert (answer.status_code, answer.json()) == (200, ALL)
    assert not Privacy.objects.exists()


def test_one_thing_is_switched_at_a_time(api, ann, bob):
    client = api(ann)
    for body, shown in (
        ({"typing": False}, {**ALL, "typing": False}),
        ({"presence": False}, {**ALL, "typing": False, "presence": False}),
        ({}, {**ALL, "typing": False, "presence": False}),
        ({"typing": True, "other": 1}, {**ALL, "presence": False}),
    ):
        answer = client.patch(ADDRESS, body, format="json")
        assert (answer.status_code, answer.json()) == (200, shown)
        assert client.get(ADDRESS).json() == shown
    assert api(bob).get(ADDRESS).json() == ALL
    assert Privacy.objects.count() == 1


def test_nothing_is_stored_for_an_empty_choice(api, ann):
    assert api(ann).patch(ADDRESS, {}, format="json").json() == ALL
    assert not Privacy.objects.exists()


@pytest.mark.parametrize("body", [{"typing": None}, {"typing": "maybe"}, {"presence": [1]}, [], "x", 5])
def test_a_choice_is_yes_or_no(api, ann, body):
    assert api(ann).patch(ADDRESS, body, format="json").status_code == 400
    assert not Privacy.objects.exists()


def test_choosing_is_limited(api, ann, configure):
    configure(THROTTLE_RATES={"change": "1/min"})
    client = api(ann)
    assert [client.patch(ADDRESS, {"typing": False}, format="json").status_code for _ in range(2)] == [200, 429]
    assert client.get(ADDRESS).status_code == 200


def test_from_code(ann, bob):
    assert Privacy.objects.choose(ann, read_receipts=False).read_receipts is False
    assert Privacy.objects.of(ann).read_receipts is False
    assert Privacy.objects.of(bob).read_receipts is True
    assert ann.find_friend_chat_privacy.typing is True
    assert str(Privacy.objects.get()) == str(ann.pk)
    ann.delete()
    assert not Privacy.objects.exists()


def test_who_is_gone_chooses_nothing(ann):
    gone = type(ann).objects.get(pk=ann.pk)
    ann.delete()
    with pytest.raises(UserNotThere):
        Privacy.objects.choose(gone, typing=False)


def test_sockets_are_told_after_the_commit(ann, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        Privacy.objects.choose(ann, typing=False)
        Privacy(user=ann).save()
    assert [call.func for call in callbacks].count(delivery.recheck) == 2


@pytest.mark.needs("accounts")
def test_looking_costs_one_query(api, ann):
    client = api(ann)
    with CaptureQueriesContext(connection) as queries:
        client.get(ADDRESS)
    assert len(queries) == 2  # the other one is for the token
