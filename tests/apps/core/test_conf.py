import pytest

from find_friend.conf import DEFINITIONS, AppSettings, Setting, app_settings
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
