import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.urls import include, path

from find_friend import checks

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
MESSAGES = "django.contrib.messages.middleware.MessageMiddleware"
pages = ([], "find_friend_friends_pages")
urlpatterns = [path("deep/", include([path("deeper/", include(pages))]))]


class OwnSessions(SessionMiddleware):
    pass


def found():
    return [message.id for message in checks.check_pages(None)]


@pytest.fixture
def with_pages(settings):
    settings.ROOT_URLCONF = __name__
    return settings


def without(settings, name):
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != name]


def test_a_site_with_everything_is_fine(with_pages):
    assert found() == []


def test_pages_need_sessions(with_pages):
    without(with_pages, SESSIONS)
    assert found() == ["find_friend.E013"]
    with_pages.MIDDLEWARE = [f"{__name__}.OwnSessions", "find_friend.health.middleware.health_middleware"]
    (error, warning) = checks.check_pages(None)
    assert (error.id, warning.id) == ("find_friend.E013", "find_friend.W006")
    assert SESSIONS not in error.msg
    assert "AuthenticationMiddleware" in error.msg


def test_pages_without_messages_say_less(with_pages):
    without(with_pages, MESSAGES)
    assert found() == ["find_friend.W006"]


def test_a_site_without_pages_needs_nothing(settings):
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "tests.apps.core.bare_urls"
    assert found() == []
    settings.ROOT_URLCONF = None
    assert found() == []
