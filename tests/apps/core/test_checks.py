import pytest
from django.conf import settings as site
from django.core.checks import run_checks

from find_friend import checks


@pytest.fixture
def found():
    """``found()``: ids and texts of everything the settings check says now."""

    def look():
        return {(message.id, message.msg) for message in checks.check_settings(None)}

    return look


def ids(messages):
    return sorted(message.id for message in messages)


def test_settings_of_the_test_site_are_fine(found):
    assert found() == set()
    assert [message for message in run_checks() if message.id.startswith("find_friend.")] == []


def test_settings_are_a_dictionary(settings):
    settings.FIND_FRIEND = ["CHAT_HISTORY_SIZE"]
    assert ids(checks.check_settings(None)) == ["find_friend.E001"]


def test_a_misspelt_key_is_told_what_it_should_be(configure):
    configure(CHAT_HISTORY_SIZ=3)
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
    ],
)
def test_a_value_of_the_wrong_kind(configure, name, value):
    configure(**{name: value})
    messages = checks.check_settings(None)
    assert "find_friend.E003" in ids(messages)
    assert any(repr(name) in message.msg and message.hint for message in messages)


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
        ("THROTTLE_RATES", {"login": "5/10min", "signup": None}),
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
    ],
)
def test_a_path_that_leads_nowhere(configure, name, value):
    configure(**{name: value})
    assert ids(checks.check_settings(None)) == ["find_friend.E004"]


def test_a_role_that_does_not_exist(configure):
    configure(SERIALIZERS={"usr": "find_friend.serializers.UserSerializer"})
    (message,) = checks.check_settings(None)
    assert message.id == "find_friend.E002"
    assert "chat_member" in message.hint


def test_chat_among_strangers_has_to_be_asked_for(uninstall, configure):
    uninstall("find_friend.friends")
    assert ids(checks.check_settings(None)) == ["find_friend.E005"]
    configure(POLICY="find_friend.policies.Policy")
    assert checks.check_settings(None) == []


@pytest.mark.parametrize("path", ["find_friend.serializers.UserSerializer", "find_friend.policies.policy"])
def test_a_policy_is_a_policy(configure, path):
    configure(POLICY=path)
    assert ids(checks.check_settings(None)) == ["find_friend.E006"]


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
SHARED = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
DUMMY = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.mark.parametrize(
    ("caches", "layers", "expected"),
    [
        (SHARED, REDIS, []),
        (DUMMY, REDIS, ["find_friend.W002"]),
        (SHARED, MEMORY, ["find_friend.W003"]),
        (DUMMY, MEMORY, ["find_friend.W002", "find_friend.W003"]),
    ],
)
def test_deployment_of_several_processes(settings, caches, layers, expected):
    settings.CACHES = caches
    settings.CHANNEL_LAYERS = layers
    assert ids(checks.check_deployment(None)) == expected


def test_layers_do_not_matter_without_chat(settings, uninstall):
    settings.CACHES = SHARED
    settings.CHANNEL_LAYERS = MEMORY
    uninstall("find_friend.chat")
    assert checks.check_deployment(None) == []
