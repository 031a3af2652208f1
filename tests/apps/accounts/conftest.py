import re

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from find_friend.signals import rights_changed

API = "/api/v1/"
NEW_PASSWORD = "a whole new phrase"


def url(name, *args):
    return reverse(f"find_friend_accounts_pages:{name}", args=args)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """``committed(client.post, "users/", {...})`` calls our API and runs what waits for the commit."""

    def call(method, path, data=None, **kwargs):
        kwargs.setdefault("format", "json")
        with django_capture_on_commit_callbacks(execute=True):
            return method(API + path, data, **kwargs)

    return call


@pytest.fixture
def link(mailoutbox):
    """What the last mail carries."""

    def read():
        body = mailoutbox[-1].body
        return {name: re.search(rf"^{name}: (\S+)$", body, re.M)[1] for name in ("uid", "token")}

    return read


@pytest.fixture
def unlimited(find_friend_unlimited):
    """No rate limits, for tests that call often."""


@pytest.fixture
def heard():
    """Keys of the users whose rights changed, as the signal tells them."""
    users = []

    def listen(sender, users=users, **kwargs):
        heard_users.extend(users)

    heard_users = users
    rights_changed.connect(listen, weak=False)
    yield heard_users
    rights_changed.disconnect(listen)


@pytest.fixture
def has_user_name():
    return get_user_model().USERNAME_FIELD != "email"


@pytest.fixture
def page():
    """``page(ann)`` is a browser in which she is signed in, ``page()`` a guest's."""

    def browser(user=None, **options):
        client = Client(**options)
        if user is not None:
            client.force_login(user)
        return client

    return browser
