"""A site that installs one app never imports the others, nor Channels where it has no chat."""

import itertools
import subprocess
import sys

import pytest

from tests.combinations import APPS, COMBINATIONS, TESTED, USERS, environment, plan

# Run in a process of its own, where an import of what the site has not installed fails.
SITE = """
import sys

class Closed:
    def find_spec(self, fullname, path=None, target=None):
        if any(fullname == name or fullname.startswith(name + ".") for name in CLOSED):
            raise AssertionError(f"{fullname} was imported")

sys.meta_path.insert(0, Closed())
import django
django.setup()
from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
from django.test import Client
client = Client()
root = client.get("/api/v1/")
assert root.status_code == 200, root.content
assert client.get("/swagger.json").status_code == 200
assert client.get("/admin/login/").status_code == 200
import find_friend.routing
print(sorted(name for name, address in root.json().items() if address))
"""
LISTS = {
    "accounts": ["cities", "interests", "me", "tokens", "users"],
    "friends": ["blocks", "friend_requests", "friends"],
    "chat": ["chats"],
}


@pytest.mark.parametrize("app", APPS)
def test_an_app_alone_imports_no_other(app, tmp_path):
    closed = [f"find_friend.{other}" for other in APPS if other != app]
    closed += [] if app == "chat" else ["channels", "daphne"]
    env = environment([app], "integer", FIND_FRIEND_DATABASE="sqlite", FIND_FRIEND_REDIS_URL="", TMPDIR=str(tmp_path))
    script = f"CLOSED = {closed}\n{SITE}"
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(LISTS[app])


def test_a_policy_of_an_app_that_is_left_out_is_reported(tmp_path):
    """Its import must not give the core app tables that no migration makes."""
    site = {"FIND_FRIEND_DATABASE": "sqlite", "FIND_FRIEND_REDIS_URL": "", "TMPDIR": str(tmp_path)}
    script = """
from django.conf import settings
settings.FIND_FRIEND = {"POLICY": "find_friend.friends.policies.FriendsPolicy"}
import django
django.setup()
from django.apps import apps
from django.core.checks import run_checks
print(*(f"{found.id}: {found.msg}" for found in run_checks()), sep="\\n")
print(list(apps.get_app_config("find_friend").get_models()))
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment(["chat"], "integer", **site), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Before 6.1 Django adds that the relations of the refused model lead nowhere, and checks run in no fixed order.
    *reports, models = done.stdout.splitlines()
    (found,) = (report for report in reports if report.startswith("find_friend.E004: "))
    assert "FIND_FRIEND['POLICY'] is 'find_friend.friends.policies.FriendsPolicy'" in found
    assert found.endswith("isn't in an application in INSTALLED_APPS. Is find_friend.friends missing there?")
    assert models == "[]"


WITHOUT_PAGES = """
import sys, types
import django
django.setup()
from django.conf import settings
from django.urls import include, path
urls = types.ModuleType("site_urls")
urls.urlpatterns = [path("api/v1/", include("find_friend.urls"))]
sys.modules["site_urls"] = urls
settings.ROOT_URLCONF = "site_urls"
from django.core.management import call_command
call_command("check", fail_level="WARNING")
from django.template.loader import get_template
from django.test import Client
assert get_template("find_friend/base.html")
assert Client().get("/api/v1/").status_code == 200
print(sorted(name for name in sys.modules if "find_friend" in name and ".pages" in name and "checks" not in name))
"""


def test_pages_are_not_imported_unless_they_are_included(tmp_path):
    env = environment(APPS, "integer", FIND_FRIEND_DATABASE="sqlite", FIND_FRIEND_REDIS_URL="", TMPDIR=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", WITHOUT_PAGES], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_combination_is_run_with_every_kind_of_user():
    assert len(COMBINATIONS) == 7
    assert {apps for apps, _user in TESTED} == set(COMBINATIONS)
    met = {(app, user) for apps, user in TESTED for app in apps}
    # all three with these are environments of their own
    elsewhere = set(itertools.product(APPS, ("integer", "uuid")))
    assert met | elsewhere == set(itertools.product(APPS, USERS))


def test_on_postgresql_chat_runs_in_each_combination_that_has_it():
    started, tested = plan("sqlite")
    assert set(started) == set(itertools.product(COMBINATIONS, USERS))
    assert {(apps, tuple(folders)) for apps, _user, folders in tested} == {(apps, apps) for apps in COMBINATIONS}
    started, tested = plan("postgres")
    assert {apps for apps, _user in started} == set(COMBINATIONS)
    assert {apps for apps, _user, _folders in tested} == {apps for apps in COMBINATIONS if "chat" in apps}
    assert {user for _apps, user, _folders in tested} == set(USERS)
    assert all(folders == ["chat"] for _apps, _user, folders in tested)
