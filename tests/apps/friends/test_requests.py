from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from find_friend.exceptions import UserNotThere
from find_friend.friends import exceptions, signals
from find_friend.friends.models import Block, FriendRequest, Friendship, Status


@pytest.fixture
def heard():
    """Names of the signals that were sent."""
    names = []
    receivers = []
    for name in (
        "friend_request_sent",
        "friend_request_accepted",
        "friend_request_declined",
        "friend_request_withdrawn",
        "friendship_started",
        "friendship_ended",
        "user_blocked",
        "user_unblocked",
    ):

        def receiver(sender, name=name, **kwargs):
            names.append(name)

        receivers.append((getattr(signals, name), receiver))
        getattr(signals, name).connect(receiver)
    yield names
    for signal, receiver in receivers:
        signal.disconnect(receiver)


def friends_of(user):
    return [friendship.friend for friendship in Friendship.objects.of(user).select_related("friend")]


def test_a_request_waits_for_its_answer(ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob, message="Remember me?")
    assert request.sent_now
    assert request.is_pending
    assert list(FriendRequest.objects.incoming(bob)) == [request]
    assert list(FriendRequest.objects.outgoing(ann)) == [request]
    assert not FriendRequest.objects.incoming(ann)
    assert not friends_of(ann)


def test_sending_again_gives_the_same_request(ann, bob):
    first = FriendRequest.objects.send(by=ann, to=bob)
    again = FriendRequest.objects.send(by=ann, to=bob, message="Well?")
    assert again == first
    assert not again.sent_now
    assert again.message == ""


def test_crossed_requests_make_friends(ann, bob):
    FriendRequest.objects.send(by=ann, to=bob)
    second = FriendRequest.objects.send(by=bob, to=ann)
    assert second.is_accepted
    assert friends_of(ann) == [bob]
    assert friends_of(bob) == [ann]
    assert FriendRequest.objects.count() == 1


def test_the_recipient_accepts_once_and_twice(ann, bob, heard, django_capture_on_commit_callbacks):
    request = FriendRequest.objects.send(by=ann, to=bob)
    with django_capture_on_commit_callbacks(execute=True):
        request.accept(by=bob)
        request.accept(by=bob)
    assert request.is_accepted
    assert friends_of(ann) == [bob]
    assert heard == ["friend_request_accepted", "friendship_started"]


def test_an_accepted_request_never_befriends_again(ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob)
    request.accept(by=bob)
    Friendship.objects.unfriend(by=ann, friend=bob)
    request.accept(by=bob)
    assert not friends_of(ann)


@pytest.mark.parametrize(("answer", "error"), [("accept", "not_recipient"), ("decline", "not_recipient")])
def test_only_the_recipient_answers(ann, bob, answer, error):
    request = FriendRequest.objects.send(by=ann, to=bob)
    with pytest.raises(exceptions.NotRecipient) as caught:
        getattr(request, answer)(by=ann)
    assert caught.value.code == error


def test_only_the_sender_withdraws(ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob)
    with pytest.raises(exceptions.NotSender):
        request.withdraw(by=bob)
    request.withdraw(by=ann)
    request.withdraw(by=ann)
    assert request.status == Status.WITHDRAWN


def test_an_answer_is_final(ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob)
    request.decline(by=bob)
    with pytest.raises(exceptions.AlreadyAnswered):
        request.accept(by=bob)
    with pytest.raises(exceptions.AlreadyAnswered):
        request.withdraw(by=ann)


def test_a_declined_person_waits_before_asking_again(ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob)
    request.decline(by=bob)
    with pytest.raises(exceptions.RecentlyDeclined):
        FriendRequest.objects.send(by=ann, to=bob)
    FriendRequest.objects.filter(pk=request.pk).update(answered_at=timezone.now() - timedelta(days=8))
    assert FriendRequest.objects.send(by=ann, to=bob).is_pending


def test_who_declined_may_ask_at_once(ann, bob):
    FriendRequest.objects.send(by=ann, to=bob).decline(by=bob)
    assert FriendRequest.objects.send(by=bob, to=ann).is_pending


def test_sending_and_withdrawing_over_and_over_ends(ann, bob):
    for _ in range(3):
        FriendRequest.objects.send(by=ann, to=bob).withdraw(by=ann)
    with pytest.raises(exceptions.AskedTooOften):
        FriendRequest.objects.send(by=ann, to=bob)
    assert FriendRequest.objects.send(by=bob, to=ann).is_pending


def test_nobody_befriends_themselves(ann):
    with pytest.raises(exceptions.SelfRequest):
        FriendRequest.objects.send(by=ann, to=ann)
    with pytest.raises(exceptions.SelfRequest):
        Friendship.objects.befriend(ann, ann)


def test_friends_need_no_request(ann, bob, befriend):
    befriend(ann, bob)
    with pytest.raises(exceptions.AlreadyFriends):
        FriendRequest.objects.send(by=ann, to=bob)


def test_befriending_closes_the_pending_request(ann, bob, befriend):
    request = FriendRequest.objects.send(by=ann, to=bob)
    assert befriend(bob, ann)
    request.refresh_from_db()
    assert request.is_accepted
    assert request.answered_at


def test_befriending_twice_changes_nothing(ann, bob, befriend):
    assert befriend(ann, bob)
    assert not befriend(bob, ann)
    assert Friendship.objects.between(ann, bob).count() == 2


def test_unfriending_ends_both_sides(ann, bob, befriend, heard, django_capture_on_commit_callbacks):
    befriend(ann, bob)
    with django_capture_on_commit_callbacks(execute=True):
        assert Friendship.objects.unfriend(by=bob, friend=ann)
        assert not Friendship.objects.unfriend(by=bob, friend=ann)
    assert not friends_of(ann)
    assert not friends_of(bob)
    assert heard == ["friendship_ended"]


def test_a_block_ends_everything(ann, bob, befriend, heard, django_capture_on_commit_callbacks):
    befriend(ann, bob)
    with django_capture_on_commit_callbacks(execute=True):
        block, created = Block.objects.block(by=ann, user=bob)
        again, created_again = Block.objects.block(by=ann, user=bob)
    assert (created, created_again) == (True, False)
    assert again == block
    assert not friends_of(bob)
    assert heard == ["friendship_ended", "user_blocked"]


@pytest.mark.parametrize(("blocker", "status"), [("ann", Status.WITHDRAWN), ("bob", Status.DECLINED)])
def test_a_block_closes_the_pending_request(ann, bob, blocker, status):
    request = FriendRequest.objects.send(by=ann, to=bob)
    people = {"ann": ann, "bob": bob}
    Block.objects.block(by=people.pop(blocker), user=people.popitem()[1])
    request.refresh_from_db()
    assert request.status == status
    assert request.open_key is None


def test_a_blocked_person_finds_nobody_and_the_blocker_is_told(ann, bob):
    Block.objects.block(by=ann, user=bob)
    with pytest.raises(UserNotThere):
        FriendRequest.objects.send(by=bob, to=ann)
    with pytest.raises(exceptions.RequestNotAllowed):
        FriendRequest.objects.send(by=ann, to=bob)
    with pytest.raises(exceptions.PairBlocked):
        Friendship.objects.befriend(ann, bob)


def test_lifting_a_block(ann, bob, heard, django_capture_on_commit_callbacks):
    Block.objects.block(by=ann, user=bob)
    with django_capture_on_commit_callbacks(execute=True):
        assert not Block.objects.lift(by=bob, user=ann)
        assert Block.objects.lift(by=ann, user=bob)
        assert not Block.objects.lift(by=ann, user=bob)
    assert heard == ["user_unblocked"]
    assert FriendRequest.objects.send(by=bob, to=ann).is_pending


def test_nobody_blocks_themselves(ann):
    with pytest.raises(exceptions.SelfBlock):
        Block.objects.block(by=ann, user=ann)


def test_a_request_of_somebody_deactivated_cannot_be_accepted(ann, bob):
    request = FriendRequest.objects.send(by=ann, to=bob)
    type(ann).objects.filter(pk=ann.pk).update(is_active=False)
    with pytest.raises(UserNotThere):
        request.accept(by=bob)
    request.refresh_from_db()
    assert request.is_pending


@pytest.mark.parametrize("model", ["request", "friendship", "block"])
def test_the_database_refuses_pairs_of_one(ann, model):
    rows = {
        "request": FriendRequest(from_user=ann, to_user=ann, pair_key="x"),
        "friendship": Friendship(user=ann, friend=ann, pair_key="x"),
        "block": Block(blocker=ann, blocked=ann, pair_key="x"),
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        rows[model].save()


def test_deleting_a_user_takes_their_relations_along(ann, bob, eve, befriend):
    befriend(ann, bob)
    FriendRequest.objects.send(by=eve, to=bob)
    Block.objects.block(by=ann, user=eve)
    bob.delete()
    assert not Friendship.objects.exists()
    assert not FriendRequest.objects.exists()
    assert Block.objects.count() == 1


def test_rows_have_readable_names(ann, bob, befriend):
    request = FriendRequest.objects.send(by=ann, to=bob)
    befriend(ann, bob)
    block = Block.objects.block(by=ann, user=bob)[0]
    first, second = f"Ann Archer ({ann.pk})", f"Bob Baker ({bob.pk})"
    assert str(request) == f"{first} → {second}: pending"
    assert str(block) == f"{first} ✕ {second}"
    assert str(Friendship(user=ann, friend=bob)) == f"{first} – {second}"


def test_the_text_of_a_row_asks_no_database(ann, bob, django_assert_num_queries):
    Block.objects.block(by=ann, user=bob)
    block = Block.objects.get()
    with django_assert_num_queries(0):
        assert str(block) == f"{ann.pk} ✕ {bob.pk}"
