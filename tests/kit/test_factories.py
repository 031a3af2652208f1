"""Users of any model, and what is between two of them, whatever the policy says."""

import datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.functions import Now

from find_friend import testing
from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Ticket
from find_friend.friends.models import Block, FriendRequest, Friendship
from find_friend.policies import Policy, policy
from find_friend.testing.factories import missing_values


class Nobody(Policy):
    """Nobody may do anything."""

    def may_take_part(self, user):
        return False

    def may_know_of(self, user, other):
        return False

    def may_message(self, user, other):
        return False


@pytest.fixture
def strict(configure):
    configure(POLICY=f"{__name__}.Nobody")


class Person(models.Model):  # noqa: DJ008
    """What a site may demand of its users."""

    code = models.CharField(max_length=6, primary_key=True)
    email = models.EmailField()
    first_name = models.CharField(max_length=30)
    work = models.EmailField()
    homepage = models.URLField()
    motto = models.TextField()
    kind = models.CharField(max_length=1, choices=[("Group", [("a", "A"), ("b", "B")])])
    accepts_terms = models.BooleanField()
    points = models.IntegerField()
    ratio = models.DecimalField(max_digits=3, decimal_places=1)
    key = models.UUIDField()
    since = models.DateTimeField()
    born = models.DateField()
    patience = models.DurationField()
    # what fills itself
    password = models.CharField(max_length=128)
    level = models.IntegerField(default=3)
    note = models.TextField(blank=True)
    nickname = models.CharField(max_length=9, null=True)
    changed = models.DateTimeField(auto_now=True)
    seen = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "find_friend_kit_tests"
        managed = False


class Child(models.Model):  # noqa: DJ008
    parent = models.ForeignKey(Person, models.CASCADE)

    class Meta:
        app_label = "find_friend_kit_tests"
        managed = False


def test_every_column_gets_a_value_that_fits():
    values = missing_values(Person, {"points": 7}, 123456)
    assert "points" not in values
    person = Person(points=7, **values)
    person.clean_fields(exclude=["password", "ratio", "nickname"])
    assert (person.first_name, person.email, person.kind) == ("First123456", "person123456@example.com", "a")
    assert person.code == "123456"
    assert person.ratio == 123456
    assert person.patience == datetime.timedelta(days=123456)
    assert {"password", "level", "note", "nickname", "changed", "seen"}.isdisjoint(values)


def test_a_column_of_an_unknown_kind_has_to_be_given():
    with pytest.raises(TypeError, match=r"Child\.parent, a ForeignKey: give one"):
        missing_values(Child, {}, 1)
    assert missing_values(Child, {"parent_id": "1"}, 1) == {}


@pytest.mark.django_db
def test_users_differ_and_can_sign_in():
    first, second = testing.create_user(), testing.create_user(password=None, first_name="Bob")
    assert first.get_username() != second.get_username()
    assert first.check_password(testing.PASSWORD)
    assert not second.has_usable_password()
    assert get_user_model().objects.get(pk=second.pk).first_name == "Bob"


@pytest.mark.usefixtures("strict")
def test_the_policy_does_not_stand_in_the_way(ann, bob, eve):
    assert isinstance(policy(), Nobody)
    request = testing.create_friend_request(ann, eve, message="Hello!")
    assert (FriendRequest.objects.get(), request.message) == (request, "Hello!")
    assert testing.create_friendship(ann, bob)
    assert Friendship.objects.between(ann, bob).count() == 2
    assert testing.create_block(eve, bob) == Block.objects.get()
    chat = testing.create_chat(ann, bob, ["one", "two", "three"])
    assert [(message.text, message.sender) for message in reversed(chat.history())] == [
        ("one", ann),
        ("two", bob),
        ("three", ann),
    ]
    assert isinstance(policy(), Nobody)


def test_keys(ann):
    key = testing.create_token(ann, device="phone")
    assert AuthToken.objects.for_key(key).device == "phone"
    assert Ticket.objects.spend(testing.create_ticket(ann)).user == ann
