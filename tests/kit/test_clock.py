"""What ends by itself ends when the clock is moved, also what the database decides."""

import datetime
import time

import pytest
from channels.db import database_sync_to_async as in_thread
from django.conf import settings
from django.core.cache import cache
from django.db.models.functions import Now
from django.utils import timezone

from find_friend import throttling
from find_friend.accounts.models import AuthToken, EmailToken, Purpose
from find_friend.chat import exceptions as chat_errors
from find_friend.chat.models import Ticket
from find_friend.friends import exceptions as friends_errors
from find_friend.friends.models import FriendRequest
from find_friend.testing import chat_socket, create_ticket, time_travel

DAY = datetime.timedelta(days=1)


@pytest.fixture
def clock(find_friend_clock):
    return find_friend_clock


def test_there_and_back():
    before = timezone.now()
    with time_travel() as clock:
        clock.shift(DAY)
        assert DAY <= timezone.now() - before < 2 * DAY
        assert time.time() - before.timestamp() >= 86400
        clock.shift(hours=-36)
        assert timezone.now() < before
        clock.move_to(datetime.datetime(2030, 1, 2, 3, 4))
        assert timezone.localtime().replace(tzinfo=None, second=0, microsecond=0) == datetime.datetime(2030, 1, 2, 3, 4)
        clock.move_to(before)
        assert datetime.timedelta() <= timezone.now() - before < DAY
    assert datetime.timedelta() <= timezone.now() - before < DAY


def test_a_token_expires(clock, api, ann):
    client = api(ann)
    clock.shift(days=29)
    assert client.get("/api/v1/users/me/").status_code == 200
    clock.shift(days=29)
    assert client.get("/api/v1/users/me/").status_code == 200
    clock.shift(days=31)
    assert client.get("/api/v1/users/me/").status_code == 401


def test_a_ticket_expires(clock, ann):
    first, second = create_ticket(ann), create_ticket(ann)
    clock.shift(seconds=25)
    assert Ticket.objects.spend(first)
    clock.shift(seconds=10)
    assert Ticket.objects.spend(second) is None


def test_a_mailed_link_expires(clock, ann, api):
    link, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, datetime.timedelta(hours=1))
    body = {"uid": str(link.pk), "token": secret, "new_password": "a whole new phrase"}
    clock.shift(minutes=61)
    assert api().post("/api/v1/users/reset_password/confirm/", body).status_code == 400
    clock.shift(minutes=-2)
    assert api().post("/api/v1/users/reset_password/confirm/", body).status_code == 204


def test_a_declined_person_may_ask_again(clock, ann, bob):
    FriendRequest.objects.send(by=ann, to=bob).decline(by=bob)
    clock.shift(days=6)
    with pytest.raises(friends_errors.RecentlyDeclined):
        FriendRequest.objects.send(by=ann, to=bob)
    clock.shift(days=2)
    assert FriendRequest.objects.send(by=ann, to=bob).sent_now


def test_the_edit_window_closes(clock, chat, ann):
    chat.post(by=ann, text="one")
    clock.shift(days=1)
    chat.edit(by=ann, seq=1, text="two")
    clock.shift(days=2)
    with pytest.raises(chat_errors.TooLate):
        chat.edit(by=ann, seq=1, text="three")


def test_a_window_of_calls_ends(clock, configure):
    configure(THROTTLE_RATES={"search": "2/10min"})
    assert [throttling.hit("search", "ann") is None for _ in range(3)] == [True, True, False]
    clock.shift(minutes=10)
    assert throttling.hit("search", "ann") is None


def test_the_cache_forgets(clock):
    cache.set("key", 1, timeout=60)
    clock.shift(minutes=2)
    assert cache.get("key") is None


def test_the_clock_of_the_database(ann):
    token, _key = AuthToken.objects.issue(ann)
    with time_travel() as clock:
        clock.shift(days=29)
        assert AuthToken.objects.unexpired().get() == token
        clock.shift(days=2)
        assert not AuthToken.objects.unexpired().exists()
        (moment,) = AuthToken.objects.annotate(moment=Now()).values_list("moment", flat=True)
        assert abs(moment - timezone.now()) < DAY
    assert AuthToken.objects.unexpired().get() == token


@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.django_db(transaction=True)
async def test_an_open_socket_ends_with_its_token(clock, chat, ann, configure, rich):
    configure(CHAT_SWEEP_INTERVAL=0.1)
    async with chat_socket(chat, ann, rich=rich) as socket:
        await socket.post("hello")
        assert (await socket.message())["text"] == "hello"
        await in_thread(clock.shift)(days=31)
        assert await socket.closed() == 4401


@pytest.mark.django_db(transaction=True)
async def test_a_message_after_the_token_has_ended(clock, chat, ann):
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert (await socket.message())["text"] == "hello"
        clock.shift(days=31)
        await socket.post("again")
        assert await socket.closed() == 4401


def test_settings_that_a_test_has_changed_stay_so(clock, configure):
    configure(CHAT_HISTORY_SIZE=7)
    clock.shift(DAY)
    assert settings.FIND_FRIEND["CHAT_HISTORY_SIZE"] == 7
