import pytest
from rest_framework.authentication import BasicAuthentication, SessionAuthentication

from find_friend.authentication import SESSION, TOKEN, authentication_classes

BASIC = "rest_framework.authentication.BasicAuthentication"


def names():
    return [cls.__name__ for cls in authentication_classes()]


def test_our_tokens_come_first_then_the_session(settings):
    settings.REST_FRAMEWORK = {}
    assert names() == ["TokenAuthentication", "SessionAuthentication"]
    del settings.REST_FRAMEWORK
    assert names() == ["TokenAuthentication", "SessionAuthentication"]


def test_what_the_site_set_is_taken_over(settings):
    settings.REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": [BASIC, TOKEN]}
    assert names() == ["TokenAuthentication", "BasicAuthentication"]


def test_without_accounts_only_the_sites_own_count(settings, uninstall):
    uninstall("find_friend.accounts")
    settings.REST_FRAMEWORK = {}
    assert authentication_classes() == [SessionAuthentication]


@pytest.mark.parametrize("chosen", [[SESSION, BASIC], (SessionAuthentication, BASIC)])
def test_the_setting_decides_alone(configure, chosen):
    configure(AUTHENTICATION_CLASSES=chosen)
    assert authentication_classes() == [SessionAuthentication, BasicAuthentication]


def test_the_setting_may_be_empty(configure):
    configure(AUTHENTICATION_CLASSES=[])
    assert authentication_classes() == []
