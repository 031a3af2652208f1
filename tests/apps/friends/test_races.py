"""Two clicks at once, decided by the database."""

import threading

import pytest
from django.db import connection

from find_friend.exceptions import FindFriendError
from find_friend.friends.models import Block, FriendRequest, Friendship

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 25


def at_once(*calls):
    """Run the calls in threads that start together; their own refusals are answers, anything else is an error."""
    barrier = threading.Barrier(len(calls))
    errors = []

    def run(call):
        try:
            barrier.wait(10)
            call()
        except FindFriendError:
            pass
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors


def clear():
    FriendRequest.objects.all().delete()
    Friendship.objects.all().delete()
    Block.objects.all().delete()


def test_crossing_requests_make_one_friendship(ann, bob):
    for _ in range(ROUNDS):
        at_once(
            lambda: FriendRequest.objects.send(by=ann, to=bob),
            lambda: FriendRequest.objects.send(by=bob, to=ann),
            lambda: FriendRequest.objects.send(by=ann, to=bob),
            lambda: FriendRequest.objects.send(by=bob, to=ann),
        )
        assert FriendRequest.objects.count() == 1
        assert Friendship.objects.count() == 2
        clear()


def test_accept_against_block_has_one_winner_and_the_block_stays(ann, bob):
    for _ in range(ROUNDS):
        FriendRequest.objects.send(by=ann, to=bob)
        at_once(
            lambda: FriendRequest.objects.get().accept(by=bob),
            lambda: Block.objects.block(by=ann, user=bob),
            lambda: FriendRequest.objects.get().accept(by=bob),
        )
        assert Block.objects.count() == 1
        assert not Friendship.objects.exists()
        assert not FriendRequest.objects.pending().exists()
        clear()


def test_accept_against_decline_has_one_winner(ann, bob):
    for _ in range(ROUNDS):
        request = FriendRequest.objects.send(by=ann, to=bob)
        at_once(
            lambda: FriendRequest.objects.get().accept(by=bob),
            lambda: FriendRequest.objects.get().decline(by=bob),
            lambda: FriendRequest.objects.get().withdraw(by=ann),
        )
        request.refresh_from_db()
        assert not request.is_pending
        assert Friendship.objects.count() == (2 if request.is_accepted else 0)
        clear()


def test_double_blocks_make_one_row_each(ann, bob):
    for _ in range(ROUNDS):
        at_once(
            lambda: Block.objects.block(by=ann, user=bob),
            lambda: Block.objects.block(by=ann, user=bob),
            lambda: Block.objects.block(by=bob, user=ann),
        )
        assert Block.objects.count() == 2
        clear()
