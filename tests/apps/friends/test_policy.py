import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from find_friend.friends.models import Block, FriendRequest, Friendship
from find_friend.friends.policies import FriendsPolicy
from find_friend.policies import answers_in_bulk, policy, visible_keys


class Grumpy(FriendsPolicy):
    """A site's rule for single people only: nobody sees Bob."""

    def may_see(self, user, other):
        return super().may_see(user, other) and other.first_name != "Bob"


@pytest.fixture
def grumpy(configure):
    configure(POLICY="tests.apps.friends.test_policy.Grumpy")


def test_friends_policy_is_the_default(db):
    assert type(policy()) is FriendsPolicy


def test_only_friends_may_message(ann, bob, befriend):
    assert not policy().may_message(ann, bob)
    befriend(ann, bob)
    assert policy().may_message(ann, bob)
    assert policy().may_message(bob, ann)


@pytest.mark.parametrize("gone", ["ann", "bob"])
def test_nobody_messages_when_one_is_deactivated(ann, bob, befriend, gone):
    befriend(ann, bob)
    person = {"ann": ann, "bob": bob}[gone]
    person.is_active = False
    person.save()
    assert not policy().may_message(ann, bob)
    assert not policy().may_message(bob, ann)


def test_a_block_beside_a_friendship_still_stops_messages(ann, bob, befriend):
    befriend(ann, bob)
    Block.objects.create(blocker=bob, blocked=ann, pair_key=Friendship.objects.first().pair_key)
    assert not policy().may_message(ann, bob)


def test_a_block_hides_both_and_only_the_blocker_knows(ann, bob, eve):
    Block.objects.block(by=ann, user=bob)
    assert policy().may_know_of(ann, bob)
    assert not policy().may_know_of(bob, ann)
    assert not policy().may_see(ann, bob)
    assert not policy().may_see(bob, ann)
    assert visible_keys(ann, [bob.pk, eve.pk]) == {eve.pk}
    assert visible_keys(bob, [ann.pk, eve.pk]) == {eve.pk}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="Other databases choose by how much there is")
@pytest.mark.parametrize("list_of", ["incoming", "outgoing", "visible_to", "friends"])
def test_lists_of_ones_own_do_not_read_through_everybody(ann, list_of):
    ours = Friendship.objects.visible_to if list_of == "friends" else getattr(FriendRequest.objects, list_of)
    plan = ours(ann).explain()
    assert "SEARCH" in plan
    assert "SCAN" not in plan


def test_relationships_come_from_one_query(user_factory, ann, befriend, django_assert_num_queries):
    friend, asked, asking, blocked, stranger = (user_factory() for _ in range(5))
    befriend(ann, friend)
    FriendRequest.objects.send(by=ann, to=asked)
    FriendRequest.objects.send(by=asking, to=ann)
    Block.objects.block(by=ann, user=blocked)
    pks = [user.pk for user in get_user_model().objects.all()]
    with django_assert_num_queries(1):
        found = policy().relationships(ann, pks)
    assert found == {
        friend.pk: "friends",
        asked.pk: "request_sent",
        asking.pk: "request_received",
        blocked.pk: "blocked",
    }
    assert stranger.pk not in found


def test_a_single_override_is_never_bypassed(grumpy, ann, bob, eve, befriend, api):
    befriend(ann, bob)
    befriend(ann, eve)
    FriendRequest.objects.send(by=bob, to=eve)
    assert not answers_in_bulk(policy(), "visible_users", "may_see")
    assert visible_keys(ann, [bob.pk, eve.pk]) == {eve.pk}
    friends = api(ann).get("/api/v1/friends/").data["results"]
    assert [card["id"] for card in friends] == [eve.pk]
    asked = FriendRequest.objects.get()
    assert api(eve).get("/api/v1/friend-requests/").data["results"] == []
    assert api(eve).post(f"/api/v1/friend-requests/{asked.pk}/accept/").status_code == 404
