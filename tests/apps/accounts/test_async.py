"""Each twin does what its method does, in an async test and in an async view."""

import pytest
from django.contrib.auth import get_user_model

from find_friend.accounts.models import AuthToken
from find_friend.exceptions import UserNotThere
from tests import twins
from tests.twins import Story


def signed_in(people):
    AuthToken.objects.issue(people["ann"], "phone")


TOKENS, ADDRESSES, PROFILES = "AuthToken.objects", "EmailAddress.objects", "Profile.objects"
STORIES = [
    Story(TOKENS, "aissue", "ann", "phone", gives=("AuthToken", 46)),
    Story(TOKENS, "aissue", "gone", gives=UserNotThere),
    Story(TOKENS, "arevoke_all", "ann", set_up=signed_in, gives=None),
    Story("token", "arevoke", set_up=signed_in, gives=None),
    Story(ADDRESSES, "auser_for", "ANN@example.com", gives=get_user_model().__name__),
    Story(ADDRESSES, "auser_for", "nobody@example.com", gives=None),
    Story(ADDRESSES, "ais_verified", "ann", gives=False),
    Story(ADDRESSES, "averify", "ann", gives=None),
    Story(PROFILES, "aof", "ann", gives="Profile"),
    Story(PROFILES, "achange", "ann", about="Hello!", first_name="Anna", gives="Profile"),
    Story(PROFILES, "achange", "gone", about="Hello!", gives=UserNotThere),
    Story(PROFILES, "achange", "ann", shoes=42, gives=TypeError),
]


def test_every_twin_has_a_story():
    assert {(story.owner, story.twin) for story in STORIES} == twins.documented("accounts")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [twins.directly, twins.in_a_view])
@pytest.mark.parametrize("story", STORIES, ids=repr)
async def test_a_twin_does_the_same(story, run, settings, ann, bob, eve):
    settings.ROOT_URLCONF = "tests.twins"
    await twins.follow(story, "accounts", run, ann, bob, eve)
