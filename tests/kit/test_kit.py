"""The kit as a whole: what importing it needs, and that it tells what is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from find_friend.conf import app_settings
from find_friend.testing import HttpLeaks, SocketLeaks
from find_friend.testing.leaks import traces
from find_friend.testing.leaks.scenes import possible_relations

ROOT = Path(__file__).resolve().parents[2]
ALONE = """
import sys
import django
django.setup()
import find_friend.testing
unwanted = {"pytest", "channels", "daphne", "time_machine", "rest_framework.test"} & set(sys.modules)
assert not unwanted, unwanted
"""


def test_importing_it_imports_nothing_that_a_site_may_not_have():
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    environ |= {"DJANGO_SETTINGS_MODULE": "tests.kit.host.settings", "FIND_FRIEND_HOST_APPS": "friends"}
    subprocess.run([sys.executable, "-c", ALONE], check=True, env=environ, cwd=ROOT)


@pytest.mark.parametrize("forced", [False, True])
def test_a_client_that_is_signed_in(api, ann, forced):
    assert api(ann, forced=forced).get("/api/v1/users/me/").json()["email"] == ann.email
    assert api().get("/api/v1/users/me/").status_code == 401


def test_a_client_where_the_site_takes_no_tokens(api, ann, configure):
    configure(AUTHENTICATION_CLASSES=["rest_framework.authentication.SessionAuthentication"])
    assert api(ann).get("/api/v1/users/me/").json()["email"] == ann.email


class Few(HttpLeaks):
    def every_relation(self):
        return {name: relation for name, relation in super().every_relation().items() if name != "guest"}


@pytest.mark.parametrize(
    ("left_out", "relations"),
    [
        ("accounts chat", {"stranger", "friend", "ex_friend", "requester", "requested", "blocker", "blocked"}),
        ("accounts friends", {"stranger", "acquaintance"}),
        ("friends chat", {"stranger", "deactivated", "unconfirmed"}),
    ],
)
@pytest.mark.django_db
def test_the_relations_that_a_site_knows(settings, left_out, relations):
    if connection.vendor == "mysql" and "accounts" in left_out:
        pytest.skip(
            "the tables of an app that is left out are there all the same, and MariaDB looks at their keys at once"
        )
    names = [f"find_friend.{app}" for app in left_out.split()]
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name not in names]
    settings.FIND_FRIEND = {"POLICY": None if "find_friend.friends" not in names else "find_friend.policies.Policy"}
    takes_tokens = "accounts" not in left_out
    assert set(possible_relations(takes_tokens)) == relations | {"guest", "friend_of_deactivated"}
    Few().test_no_endpoint_tells_more_than_the_policy()


def test_no_sockets_without_chat(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "find_friend.chat"]
    with pytest.raises(Exception, match="not installed") as skipped:
        SocketLeaks().test_no_socket_tells_more_than_the_policy()
    assert type(skipped.value).__name__ == "SkipTest"


def test_pages_are_followed(db, configure):
    """Whoever is hidden on the second page is found there."""
    configure(PAGE_SIZE=1)

    class Friend(HttpLeaks):
        def every_relation(self):
            return {"friend": super().every_relation()["friend"]}

    Friend().test_no_endpoint_tells_more_than_the_policy()


def test_traces_of_users_who_have_neither_names_nor_addresses(ann, monkeypatch):
    monkeypatch.setattr(traces.users, "email_field", lambda: None)
    monkeypatch.setattr(traces, "NAMES", ())
    monkeypatch.setattr(traces, "ROOM", 1000)
    monkeypatch.setattr(type(ann), "get_username", lambda self: "ann")
    assert traces.telling_values("viewer") == {}
    assert traces.names_of(ann) == []
    assert traces.email_of(ann) == ""
    assert "user name" not in dict(traces.secrets_of(ann))


@pytest.mark.usefixtures("find_friend_unlimited")
def test_the_plugin_lifts_limits():
    assert set(app_settings.THROTTLE_RATES.values()) == {None}


def test_who_takes_no_part_is_refused():
    """Whatever the endpoint would answer to others."""
    from types import SimpleNamespace

    from find_friend.testing.leaks.suite import Inquiry

    scene = SimpleNamespace(signed_in=True, takes_part=False)
    call = SimpleNamespace(guest=False, takes_part=True)
    assert Inquiry(scene, None, call, {}).expected() == {403}
