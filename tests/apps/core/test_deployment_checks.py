"""What ``check --deploy`` says, one thing at a time."""

from datetime import timedelta

import pytest

from find_friend import checks

LOCAL = "django.core.cache.backends.locmem.LocMemCache"
DUMMY = "django.core.cache.backends.dummy.DummyCache"
SHARED = "django.core.cache.backends.db.DatabaseCache"
BASIC = "rest_framework.authentication.BasicAuthentication"
PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.fixture(autouse=True)
def _careful(settings, configure):
    """A site that leaves nothing to say."""
    settings.CACHES = {"default": {"BACKEND": SHARED, "LOCATION": "cache"}}
    settings.FIND_FRIEND = {
        "MINIMUM_AGE": 16,
        "CHAT_CONTENT_HOOK": "tests.apps.core.test_checks.hook",
        "ERASE_MESSAGES_OF_DELETED_USERS": True,
    }


def said():
    messages = checks.check_deployment(None)
    assert all(message.hint for message in messages)
    return [message.id.removeprefix("find_friend.") for message in messages]


def test_nothing_to_say():
    assert said() == []


@pytest.mark.parametrize("backend", [LOCAL, DUMMY])
def test_a_cache_of_one_process(settings, backend):
    settings.CACHES = {"default": {"BACKEND": backend}}
    assert said() == ["W002"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"THROTTLE_RATES": {"login": None}}, ["W020"]),
        ({"THROTTLE_RATES": {"read": None, "search": None}}, []),
        ({"THROTTLE_CLASSES": []}, ["W020"]),
        ({"THROTTLE_CLASSES": ["tests.apps.core.test_swapping.NoStaff"]}, []),
        ({"TOKEN_TTL": timedelta(days=401), "PASSWORD_RESET_TTL": timedelta(days=2)}, ["W021", "W021"]),
        ({"TRUSTED_PROXIES": 1}, ["W022"]),
        ({"AUTHENTICATION_CLASSES": [BASIC]}, ["W023"]),
        ({"EMAIL_VERIFICATION": "off"}, ["W024"]),
        ({"MINIMUM_AGE": None}, ["I001"]),
        ({"LINKS": {"verify_email": "http://example.com/{uid}/{token}"}}, ["W025"]),
        ({"PAGES_ORIGIN": "http://example.com"}, ["W025"]),
        ({"PAGES_ORIGIN": "https://example.com"}, []),
        ({"LINKS": {"verify_email": "https://example.com/{uid}/{token}"}}, []),
        ({"WEBSOCKET_ALLOWED_ORIGINS": ["http://app.example.com", "https://app.example.com"]}, ["W026"]),
        ({"CHAT_CONTENT_HOOK": None}, ["I002"]),
        ({"ERASE_MESSAGES_OF_DELETED_USERS": False}, ["I003"]),
    ],
)
def test_one_thing(configure, values, expected):
    configure(**values)
    assert said() == expected


def test_a_throttle_that_is_lifted_is_named(configure):
    configure(THROTTLE_RATES={"login": None, "confirm": None})
    (message,) = checks.check_deployment(None)
    assert message.msg.endswith(": login, confirm.")


def test_proxies_are_trusted_for_both_or_for_nothing(settings, configure):
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    assert said() == ["W022"]
    configure(TRUSTED_PROXIES=1)
    assert said() == []


def test_an_app_that_is_not_there_is_not_spoken_of(settings, uninstall):
    settings.FIND_FRIEND = {}
    uninstall("find_friend.chat")
    assert said() == ["I001"]
    uninstall("find_friend.accounts")
    assert said() == []
