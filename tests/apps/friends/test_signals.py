"""Each signal is sent once, after the commit, for every way that leads to the change."""

from functools import partial

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from find_friend.friends import signals
from find_friend.friends.exceptions import AlreadyAnswered
from find_friend.friends.models import Block, FriendRequest, Friendship, Status
from tests.signals import described, listening, sent_once, signals_of


def asked(ann, bob):
    return FriendRequest.objects.send(by=ann, to=bob)


def ask(ann, bob):
    act = partial(FriendRequest.objects.send, by=ann, to=bob)
    return act, act, FriendRequest, lambda: {"friend_request": FriendRequest.objects.get()}


def accept(ann, bob):
    act = partial(asked(ann, bob).accept, by=bob)
    return act, act, FriendRequest, lambda: {"friend_request": FriendRequest.objects.get()}


def decline(ann, bob):
    act = partial(asked(ann, bob).decline, by=bob)
    return act, act, FriendRequest, lambda: {"friend_request": FriendRequest.objects.get()}


def withdraw(ann, bob):
    act = partial(asked(ann, bob).withdraw, by=ann)
    return act, act, FriendRequest, lambda: {"friend_request": FriendRequest.objects.get()}


def befriend(ann, bob):
    act = partial(Friendship.objects.befriend, ann, bob)
    return act, act, Friendship, lambda: {"user": ann, "friend": bob}


def unfriend(ann, bob):
    Friendship.objects.befriend(ann, bob)
    act = partial(Friendship.objects.unfriend, by=ann, friend=bob)
    return act, act, Friendship, lambda: {"by": ann, "friend": bob}


def block(ann, bob):
    act = partial(Block.objects.block, by=ann, user=bob)
    return act, act, Block, lambda: {"block": Block.objects.get()}


def lift(ann, bob):
    Block.objects.block(by=ann, user=bob)
    act = partial(Block.objects.lift, by=ann, user=bob)
    return act, act, Block, lambda: {"by": ann, "user": bob}


STORIES = {
    "friend_request_sent": ask,
    "friend_request_accepted": accept,
    "friend_request_declined": decline,
    "friend_request_withdrawn": withdraw,
    "friendship_started": befriend,
    "friendship_ended": unfriend,
    "user_blocked": block,
    "user_unblocked": lift,
}


def test_every_signal_has_a_story():
    assert signals_of(signals).keys() == STORIES.keys()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", STORIES)
def test_sent_once_after_the_commit(name, ann, bob):
    act, again, sender, arguments = STORIES[name](ann, bob)
    assert sent_once(getattr(signals, name), act, again) == (sender, arguments())
    assert described(name) == (sender.__name__, set(arguments()))


@pytest.mark.django_db(transaction=True)
class TestWhatFollows:
    """A change that brings another one with it."""

    def test_a_friendship_answers_the_request(self, ann, bob):
        request = asked(ann, bob)
        with listening(signals.friend_request_accepted) as news:
            Friendship.objects.befriend(bob, ann)
        assert news == [(FriendRequest, {"friend_request": request})]
        told = news[0][1]["friend_request"]
        assert (told.status, told.open_key) == (Status.ACCEPTED, None)
        assert told.answered_at is not None

    @pytest.mark.parametrize(
        ("blocker", "signal", "status"),
        [
            ("ann", signals.friend_request_withdrawn, Status.WITHDRAWN),
            ("bob", signals.friend_request_declined, Status.DECLINED),
        ],
    )
    def test_a_block_answers_the_request(self, ann, bob, blocker, signal, status):
        request = asked(ann, bob)
        by, user = (ann, bob) if blocker == "ann" else (bob, ann)
        with listening(signals.friend_request_withdrawn, signals.friend_request_declined) as news:
            Block.objects.block(by=by, user=user)
            Block.objects.block(by=by, user=user)
        assert news == [(FriendRequest, {"friend_request": request})]
        assert news[0][1]["friend_request"].status == status
        with listening(signal) as news, pytest.raises(AlreadyAnswered):
            request.accept(by=bob)
        assert news == []

    def test_a_block_ends_the_friendship(self, ann, bob):
        Friendship.objects.befriend(ann, bob)
        with listening(signals.friendship_ended) as news:
            Block.objects.block(by=bob, user=ann)
        assert news == [(Friendship, {"by": bob, "friend": ann})]

    def test_crossed_requests_are_one_answer(self, ann, bob):
        asked(ann, bob)
        with listening(*signals_of(signals).values()) as news:
            asked(bob, ann)
        assert [sender for sender, _arguments in news] == [FriendRequest, Friendship]

    def test_the_admin_ends_what_it_removes(self, rf, ann, bob):
        Friendship.objects.befriend(ann, bob)
        with listening(signals.friendship_ended) as news:
            site.get_model_admin(Friendship).delete_queryset(rf.post("/"), Friendship.objects.all())
        assert len(news) == 1


def queries_of(act):
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


@pytest.mark.django_db
def test_nothing_is_read_for_nobody(ann, bob, eve):
    def block():
        asked(ann, bob)
        Block.objects.block(by=bob, user=ann)
        Block.objects.lift(by=bob, user=ann)
        FriendRequest.objects.all().delete()

    unheard = queries_of(block)
    with listening(signals.friend_request_declined):
        assert queries_of(block) == unheard + 2
