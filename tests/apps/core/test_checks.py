import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.core.checks import run_checks
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAdminUser, IsAuthenticated

from find_friend import checks
from find_friend.checks import site as site_checks
from find_friend.conf import DEFINITIONS

EITHER = IsAdminUser | IsAuthenticated


def hook(text, *, sender, chat):
    return text


def link(user, uid, token):
    return ""


@pytest.fixture
def found():
    """``found()``: ids and texts of everything the settings check says now."""

    def look():
        return {(message.id, message.msg) for message in checks.check_settings(None)}

    return look


def ids(messages):
    return sorted(message.id for message in messages)


def test_settings_of_the_test_site_are_fine(settings, found):
    assert found() == set()
    settings.DEBUG = True  # or the layer in memory would be worth a word
    assert [message for message in run_checks() if message.id.startswith("find_friend.")] == []


@pytest.mark.parametrize("value", [["CHAT_HISTORY_SIZE"], [], (), "", None, 0])
def test_settings_are_a_dictionary(settings, value):
    settings.FIND_FRIEND = value
    (message,) = checks.check_settings(None)
    assert message.id == "find_friend.E001"
    assert message.hint.startswith("Write FIND_FRIEND = {")


def test_settings_may_be_left_out_or_empty(settings, found):
    settings.FIND_FRIEND = {}
    assert found() == set()
    del settings.FIND_FRIEND
    assert found() == set()


@pytest.mark.parametrize("name", ["CHAT_HISTORY_SIZ", "chat_history_size", "ChatHistorySize"])
def test_a_misspelt_key_is_told_what_it_should_be(configure, name):
    configure(**{name: 3})
    (message,) = checks.check_settings(None)
    assert message.id == "find_friend.E002"
    assert message.hint == "Did you mean CHAT_HISTORY_SIZE?"


def test_an_unknown_key_is_told_where_to_look(configure):
    configure(XYZZY=3)
    (message,) = checks.check_settings(None)
    assert message.id == "find_friend.E002"
    assert "settings reference" in message.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHAT_HISTORY_SIZE", "30"),
        ("CHAT_HISTORY_SIZE", True),
        ("TOKEN_TTL", 3600),
        ("ERASE_MESSAGES_OF_DELETED_USERS", 1),
        ("WEBSOCKET_ALLOWED_ORIGINS", "https://example.com"),
        ("MINIMUM_AGE", 18.5),
        ("SERIALIZERS", "find_friend.serializers.UserSerializer"),
        ("THROTTLE_RATES", "5/min"),
        ("EMAIL_VERIFICATION", "always"),
        ("EMAIL_VERIFICATION", None),
        ("EMAIL_VERIFICATION", "Required"),
        ("CHAT_SWEEP_INTERVAL", 0),
        ("CHAT_SWEEP_INTERVAL", float("inf")),
        ("CHAT_SWEEP_INTERVAL", float("nan")),
        ("CHAT_OUTBOX_SIZE", -1),
        ("CHAT_HISTORY_SIZE", 501),
        ("MINIMUM_AGE", 121),
        ("TRUSTED_PROXIES", -1),
        ("AVATAR_SIZE", 16384),
        ("TOKEN_TTL", timedelta(0)),
        ("CHAT_EDIT_WINDOW", timedelta(seconds=-1)),
        ("PAGE_SIZE", 101),
        ("AUTHENTICATION_CLASSES", []),
        ("AUTHENTICATION_CLASSES", [5]),
        ("PERMISSION_CLASSES", "find_friend.views.TakesPart"),
        ("POLICY", 5),
        ("EMAIL_SENDER", ""),
        ("PAGINATION_CLASS", None),
        ("SERIALIZERS", {"user": 5}),
        ("LINKS", {"verify_email": 5}),
        ("LINKS", "https://example.com/{uid}/{token}"),
        ("CHAT_CHANNEL_LAYER", "defualt"),
        ("AVATAR_STORAGE", "defualt"),
        ("PAGES_ORIGIN", "https://example.com/"),
        ("PAGES_ORIGIN", "example.com"),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["*"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["app.example.com"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["https://app.example.com/"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["https://*.example.com"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["https://App.example.com"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["https://app.example.com:port"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["https://me@app.example.com"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", ["https://"]),
        ("WEBSOCKET_ALLOWED_ORIGINS", [5]),
    ],
)
def test_a_value_of_the_wrong_kind(configure, name, value):
    configure(**{name: value})
    messages = checks.check_settings(None)
    assert "find_friend.E003" in ids(messages)
    assert any(repr(name) in message.msg and message.hint for message in messages)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("METRICS_TOKEN", 5, "It takes str or None."),
        ("MINIMUM_AGE", 121, "It has to be from 0 to 120, or None."),
        ("AUTHENTICATION_CLASSES", [], "It has to be a list of at least one class, or None."),
        ("EMAIL_SENDER", "", "It has to be a dotted path."),
        ("TRUSTED_PROXIES", -1, "It has to be 0 or more."),
    ],
)
def test_a_hint_is_a_sentence_about_values(configure, name, value, hint):
    configure(**{name: value})
    assert hint in [message.hint for message in checks.check_settings(None)]


def test_a_secret_is_not_shown(configure):
    configure(METRICS_TOKEN=b"s3cret")
    (message,) = checks.check_settings(None)
    assert (message.id, message.msg) == ("find_friend.E003", "FIND_FRIEND['METRICS_TOKEN'] is of type bytes.")
    assert "s3cret" not in str(message)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHAT_FRAME_RATE", 10),
        ("CHAT_FRAME_RATE", 0.5),
        ("MINIMUM_AGE", 18),
        ("MINIMUM_AGE", None),
        ("ERASE_MESSAGES_OF_DELETED_USERS", True),
        ("EMAIL_VERIFICATION", "required"),
        ("POLICY", "find_friend.policies.Policy"),
        ("SERIALIZERS", {"user": "find_friend.serializers.UserSerializer"}),
        ("AUTHENTICATION_CLASSES", ["rest_framework.authentication.SessionAuthentication"]),
        ("AUTHENTICATION_CLASSES", [SessionAuthentication]),
        ("PERMISSION_CLASSES", [f"{__name__}.EITHER"]),
        ("THROTTLE_RATES", {"login": "5/10min", "signup": None}),
        ("WEBSOCKET_ALLOWED_ORIGINS", ("https://app.example.com", "http://[::1]:8000", "capacitor://localhost")),
        ("CHAT_EDIT_WINDOW", timedelta(0)),
        ("CHAT_CONTENT_HOOK", f"{__name__}.hook"),
        ("AVATAR_VALIDATORS", ["builtins.print", "builtins.max"]),
        ("LINKS", {"verify_email": lambda user, uid, token: ""}),
        ("LINKS", {"verify_email": f"{__name__}.link", "password_reset": None}),
    ],
)
def test_a_value_of_the_right_kind(configure, found, name, value):
    configure(**{name: value})
    assert found() == set()


def test_rates_are_checked_one_by_one(configure, found):
    configure(THROTTLE_RATES={"login": "often", "signup": 5, "log_in": "5/min"})
    assert found() == {
        ("find_friend.E002", "FIND_FRIEND['THROTTLE_RATES'] has no scope 'log_in'."),
        ("find_friend.E003", "The rate of 'login' is 'often'."),
        ("find_friend.E003", "The rate of 'signup' is 5."),
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLICY", "find_friend.policies.NoSuchPolicy"),
        ("POLICY", "no_such_module.Policy"),
        ("EMAIL_SENDER", "nonsense"),
        ("SERIALIZERS", {"user": "find_friend.serializers.NoSuchSerializer"}),
        ("AUTHENTICATION_CLASSES", ["no_such_module.Class"]),
        ("PERMISSION_CLASSES", ["rest_framework.permissions.NoSuchPermission"]),
        ("LINKS", {"verify_email": "no_such_module.link"}),
        ("CHAT_CONTENT_HOOK", "tests.apps.core.breaks_on_import.hook"),
    ],
)
def test_a_path_that_leads_nowhere(configure, name, value):
    configure(**{name: value})
    (message,) = checks.check_settings(None)
    assert message.id == "find_friend.E004"
    assert message.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLICY", "find_friend.serializers.UserSerializer"),
        ("POLICY", "find_friend.policies.policy"),
        ("SERIALIZERS", {"user": "find_friend.policies.Policy"}),
        ("AUTHENTICATION_CLASSES", ["find_friend.policies.Policy"]),
        ("PERMISSION_CLASSES", ["find_friend.policies.Policy"]),
        ("THROTTLE_CLASSES", ["find_friend.views.TakesPart"]),
        ("PAGINATION_CLASS", "django.core.paginator.Paginator"),
        ("EMAIL_SENDER", "find_friend.__version__"),
        ("EMAIL_SENDER", f"{__name__}.hook"),
        ("CHAT_CONTENT_HOOK", "find_friend.accounts.mail.send_now"),
        ("AVATAR_VALIDATORS", [f"{__name__}.hook"]),
        ("LINKS", {"verify_email": f"{__name__}.hook"}),
        ("LINKS", {"verify_email": lambda user: ""}),
    ],
)
def test_a_path_that_leads_to_something_else(configure, name, value):
    configure(**{name: value})
    (message,) = checks.check_settings(None)
    assert message.id == "find_friend.E006"
    assert name in message.msg
    assert message.hint.startswith("It has to lead to a ")


def test_a_role_that_does_not_exist(configure):
    configure(SERIALIZERS={"usr": "find_friend.serializers.UserSerializer"})
    (message,) = checks.check_settings(None)
    assert (message.id, message.hint) == ("find_friend.E002", "Did you mean user?")
    configure(SERIALIZERS={"USER": "find_friend.serializers.UserSerializer"})
    assert checks.check_settings(None)[0].hint == "Did you mean user?"
    configure(SERIALIZERS={"xyzzy": "find_friend.serializers.UserSerializer"})
    assert "chat_member" in checks.check_settings(None)[0].hint


def test_a_mail_that_does_not_exist(configure, found):
    configure(LINKS={"reset_password": "https://example.com/{uid}/{token}"})
    assert found() == {("find_friend.E002", "FIND_FRIEND['LINKS'] has no mail 'reset_password'.")}


def test_chat_among_strangers_has_to_be_asked_for(uninstall, configure):
    uninstall("find_friend.friends")
    assert ids(checks.check_settings(None)) == ["find_friend.E005"]
    configure(POLICY="find_friend.policies.Policy")
    assert checks.check_settings(None) == []


def test_what_is_demanded_in_vain(uninstall, configure):
    configure(EMAIL_VERIFICATION="required", MINIMUM_AGE=16)
    assert checks.check_settings(None) == []
    uninstall("find_friend.accounts")
    assert ids(checks.check_settings(None)) == ["find_friend.E008", "find_friend.E008", "find_friend.W004"]


def test_settings_of_an_app_that_is_not_installed(uninstall, settings):
    settings.FIND_FRIEND = {"CHAT_HISTORY_SIZE": 3, "TOKEN_TTL": timedelta(days=1), "EMAIL_VERIFICATION": "off"}
    assert checks.check_settings(None) == []
    uninstall("find_friend.chat", "find_friend.accounts")
    assert [message.msg for message in checks.check_settings(None)] == [
        "FIND_FRIEND has settings of find_friend.accounts, which is not installed: TOKEN_TTL.",
        "FIND_FRIEND has settings of find_friend.chat, which is not installed: CHAT_HISTORY_SIZE.",
    ]


def test_every_setting_with_an_owner_begins_like_one():
    beginnings = tuple(beginning for names in site_checks.OWNERS for beginning in names)
    assert {name for name in DEFINITIONS if not name.startswith(beginnings)} == {
        "MINIMUM_AGE",  # has a check of its own
        "AUTHENTICATION_CLASSES",
        "POLICY",
        "SERIALIZERS",
        "PERMISSION_CLASSES",
        "THROTTLE_CLASSES",
        "PAGINATION_CLASS",
        "TRUSTED_PROXIES",
        "THROTTLE_RATES",
        "PAGE_SIZE",
        "PAGE_MAX_SIZE",
        "READINESS_TIMEOUT",
        "READINESS_OPTIONAL",
    }


@pytest.mark.parametrize(
    ("name", "expected"), [("find_friend", "find_friend.E007"), ("rest_framework", "find_friend.W005")]
)
def test_an_app_that_the_others_need(uninstall, name, expected):
    uninstall(name)
    assert ids(checks.check_settings(None)) == [expected]


def test_each_app_looks_after_the_settings():
    """Where the core app is forgotten, nobody else would say so."""
    script = """
import sys
from django.conf import settings
settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", sys.argv[1]],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", FIND_FRIEND={"POLICY": "find_friend.policies.Policy"})
import django
django.setup()
from django.core.checks import run_checks
print(*(message.id for message in run_checks()))
"""
    for name in ("accounts", "friends", "chat"):
        done = subprocess.run(
            [sys.executable, "-c", script, f"find_friend.{name}"], capture_output=True, text=True, check=True
        )
        assert "find_friend.E007" in done.stdout.split(), name


@pytest.fixture
def database(monkeypatch):
    def change(engine, options):
        monkeypatch.setitem(site.DATABASES, "other", {"ENGINE": f"django.db.backends.{engine}", "OPTIONS": options})

    return change


@pytest.mark.parametrize(
    ("engine", "options", "expected"),
    [
        ("sqlite3", {}, ["find_friend.W001"]),
        ("sqlite3", {"transaction_mode": "DEFERRED"}, ["find_friend.W001"]),
        ("sqlite3", {"transaction_mode": "immediate"}, []),
        ("sqlite3", {"transaction_mode": "EXCLUSIVE"}, []),
        ("postgresql", {}, []),
    ],
)
def test_sqlite_needs_immediate_transactions(database, engine, options, expected):
    database(engine, options)
    assert ids(checks.check_sqlite(None, databases=["other"])) == expected


def test_databases_are_looked_at_only_when_asked():
    assert checks.check_sqlite(None, databases=None) == []


MEMORY = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
REDIS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}


@pytest.mark.parametrize(
    ("debug", "layers", "expected"),
    [
        (False, REDIS, []),
        (False, MEMORY, ["find_friend.W003"]),
        (False, {}, ["find_friend.W003"]),
        (True, MEMORY, []),
    ],
)
def test_a_layer_of_one_process(settings, uninstall, debug, layers, expected):
    settings.DEBUG, settings.CHANNEL_LAYERS = debug, layers
    assert ids(checks.check_channel_layer(None)) == expected
    uninstall("find_friend.chat")
    assert checks.check_channel_layer(None) == []


@pytest.mark.django_db
def test_settings_that_cannot_be_read_do_not_break_other_checks(settings):
    for value in ({"THROTTLE_RATES": "5/min"}, {"LINKS": ["x"]}, ["CHAT_HISTORY_SIZE"]):
        settings.FIND_FRIEND = value
        found = ids(run_checks(include_deployment_checks=True, databases=["default"]))
        assert [name for name in found if name.startswith("find_friend.")] in (
            ["find_friend.E001"],
            ["find_friend.E003"],
        )
