import pytest
from rest_framework.test import APIClient


@pytest.fixture
def uninstall(settings):
    """``uninstall("find_friend.chat")``: the site does without these apps for one test."""

    def leave_out(*names):
        settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name not in names]

    return leave_out


@pytest.fixture
def signed_in():
    """``signed_in(ann)``: a client with a session, whichever apps are installed."""

    def client(user, **options):
        made = APIClient(**options)
        made.force_login(user)
        return made

    return client
