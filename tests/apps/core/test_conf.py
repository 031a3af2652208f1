from datetime import timedelta

import pytest

from find_friend.conf import DEFINITIONS, AppSettings, app_settings
from find_friend.kinds import Setting, is_dotted_path
from find_friend.policies import Policy


def test_defaults_apply_where_the_site_says_nothing(settings):
    settings.FIND_FRIEND = None
    assert app_settings.CHAT_HISTORY_SIZE == 30
    assert app_settings.TOKEN_TTL.days == 180
    del settings.FIND_FRIEND
    assert app_settings.MINIMUM_AGE is None


def test_value_is_read_at_the_moment_of_use(configure):
    configure(CHAT_HISTORY_SIZE=2)
    assert app_settings.CHAT_HISTORY_SIZE == 2
    configure(CHAT_HISTORY_SIZE=3)
    assert app_settings.CHAT_HISTORY_SIZE == 3


def test_mappings_are_overridden_key_by_key(configure):
    configure(THROTTLE_RATES={"login": None})
    assert app_settings.THROTTLE_RATES["login"] is None
    assert app_settings.THROTTLE_RATES["signup"] == DEFINITIONS["THROTTLE_RATES"].default["signup"]


def test_a_path_gives_the_object_it_names(configure):
    assert app_settings.POLICY is None
    configure(POLICY="find_friend.policies.Policy")
    assert app_settings.POLICY is Policy


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_setting_has_a_meaning_and_a_default_of_its_own_kind(name):
    setting = getattr(AppSettings, name)
    assert isinstance(setting, Setting)
    assert setting.__doc__.endswith(".")
    assert isinstance(setting.default, setting.types)
    assert setting.default is None or setting.rule.holds(setting.default)


def test_numbers_and_spans_have_a_range():
    measured = {name for name, setting in DEFINITIONS.items() if {int, float, timedelta} & set(setting.types)}
    assert len(measured) > 30
    for name in measured:
        rule = DEFINITIONS[name].rule
        assert rule.text, name
        below = timedelta(seconds=-1) if timedelta in DEFINITIONS[name].types else -1
        assert not rule.holds(below), name


def test_paths_may_be_left_out_or_given_as_what_they_name(configure):
    assert app_settings.PERMISSION_CLASSES == []
    configure(PERMISSION_CLASSES=["find_friend.policies.Policy", Policy], AUTHENTICATION_CLASSES=None)
    named, given = app_settings.PERMISSION_CLASSES
    assert named is given is Policy
    assert app_settings.AUTHENTICATION_CLASSES is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("site.links.reset", True), ("reset", False), ("https://example.com/{uid}", False), ("a..b", False), (5, False)],
)
def test_paths_are_told_from_addresses(value, expected):
    assert is_dotted_path(value) is expected
