"""The pages for whatever starts, stops and balances the processes of a site."""

import asyncio
import logging
import threading

import pytest
from django.apps import apps
from django.db import OperationalError, connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient, Client
from django.urls import reverse

from find_friend.health import database, readiness
from find_friend.health.readiness import Readiness

pytestmark = pytest.mark.urls("tests.apps.core.health_urls")
database_in_use = pytest.mark.django_db(transaction=True)

MIDDLEWARE = [
    "find_friend.health.middleware.health_middleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """A process that has just been started."""
    made = Readiness()
    monkeypatch.setattr("find_friend.health.views.readiness", made)
    monkeypatch.setattr(database, "_migrated", set())
    return made


@pytest.fixture
def no_cache(monkeypatch):
    monkeypatch.setattr(readiness, "KEPT", 0)


class Probe:
    """A check of the site: what it answers, how long it takes, and how often it was made."""

    def __init__(self):
        self.calls, self.answer, self.go_on = 0, True, threading.Event()
        self.go_on.set()

    def __call__(self):
        self.calls += 1
        self.go_on.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def probe(monkeypatch):
    """One check alone, named ``site``."""
    made = Probe()
    monkeypatch.setattr(f"{__name__}.site_check", made, raising=False)
    monkeypatch.setattr(readiness, "checks", lambda: {"site": f"{__name__}.site_check"})
    yield made
    made.go_on.set()


def ready(client=None):
    answer = (client or Client()).get("/readyz")
    return answer.status_code, answer.json()


def test_names():
    assert (reverse("find_friend-healthz"), reverse("find_friend-readyz")) == ("/healthz", "/readyz")


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
def test_pages_are_read_and_never_kept(client, probe, page):
    answer = client.get(page)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert client.head(page).status_code == 200
    assert client.post(page).status_code == 405


def test_life_does_not_depend_on_the_database(client, probe):
    """Without the marker that allows it, any look into the database fails."""
    probe.answer = False
    assert client.get("/healthz").json() == {"status": "ok"}
    assert ready() == (503, {"status": "unavailable", "checks": {"site": "failed"}})


@database_in_use
def test_every_check_of_the_installed_apps():
    names = {"database", "migrations"}
    names |= {"channel_layer", "in_service"} if apps.is_installed("find_friend.chat") else set()
    assert ready() == (200, {"status": "ok", "checks": dict.fromkeys(readiness.checks(), "ok")})
    assert readiness.checks().keys() == names


def test_a_database_that_is_away(monkeypatch, caplog):
    def away():
        raise OperationalError("no connection to secret.example.com as secret-user")

    monkeypatch.setattr(database, "aliases", away)
    status, report = ready()
    assert (status, report["status"]) == (503, "unavailable")
    assert report["checks"]["database"] == report["checks"]["migrations"] == "failed"
    assert "secret" not in str(report)
    (record,) = [record for record in caplog.records if getattr(record, "find_friend", {}).get("event") == "readiness"]
    assert record.getMessage() == (
        "Readiness is unavailable: database (OperationalError), migrations (OperationalError)."
    )
    assert record.find_friend == {"event": "readiness", "status": "unavailable", "checks": "database migrations"}


@database_in_use
def test_a_migration_that_is_not_applied(no_cache):
    name = "find_friend_accounts" if apps.is_installed("find_friend.accounts") else "contenttypes"
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(name, "0001_initial")
    try:
        status, report = ready()
    finally:
        recorder.record_applied(name, "0001_initial")
    assert (status, report["checks"]["migrations"], report["checks"]["database"]) == (503, "failed", "ok")
    assert ready()[0] == 200
    recorder.record_unapplied(name, "0001_initial")
    try:
        assert ready()[0] == 200, "what is applied stays so, and is not looked for again"
    finally:
        recorder.record_applied(name, "0001_initial")


def test_a_check_that_takes_too_long_is_not_made_twice(configure, probe, no_cache):
    configure(READINESS_TIMEOUT=0.05)
    probe.go_on.clear()
    assert ready()[0] == 503
    assert ready()[0] == 503
    assert probe.calls == 1
    probe.go_on.set()
    configure(READINESS_TIMEOUT=5)
    assert ready()[0] == 200


def test_a_report_is_good_for_a_second(probe, fresh):
    assert [ready()[0] for _ in range(5)] == [200] * 5
    assert probe.calls == 1
    probe.answer = False
    fresh.until -= readiness.KEPT
    assert ready()[0] == 503
    assert probe.calls == 2


async def test_who_asks_at_the_same_time_gets_the_same_report(probe, fresh):
    probe.go_on.clear()
    asked = [asyncio.ensure_future(fresh.report()) for _ in range(20)]
    await asyncio.sleep(0.05)
    asked[0].cancel()  # that client has gone
    probe.go_on.set()
    reports = await asyncio.gather(*asked[1:])
    assert {report.status for report in reports} == {"ok"}
    assert probe.calls <= 2


def test_a_change_is_logged_once(probe, no_cache, caplog):
    caplog.set_level(logging.INFO, logger="find_friend")
    for answer in (True, True, False, False, ValueError("secret"), True, True):
        probe.answer = answer
        ready()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "Readiness is unavailable: site (failed)."),
        ("INFO", "Readiness is ok: all checks are fulfilled."),
    ]


def test_an_app_of_the_site_has_checks_of_its_own(monkeypatch, configure, no_cache):
    theirs = {"search": "tests.apps.core.test_health.is_found", "typo": "tests.apps.core.test_health.nothing"}
    monkeypatch.setattr(apps.get_app_config("contenttypes"), "readiness_checks", theirs, raising=False)
    assert theirs.items() <= readiness.checks().items()
    monkeypatch.setattr(readiness, "checks", lambda: theirs)
    assert ready() == (503, {"status": "unavailable", "checks": {"search": "ok", "typo": "failed"}})
    configure(READINESS_OPTIONAL=["typo"])
    assert ready() == (200, {"status": "degraded", "checks": {"search": "ok", "typo": "failed"}})


async def is_found():
    return True


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
def test_sites_that_put_something_around_every_view(settings, monkeypatch, probe, page):
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert Client().get(page).status_code == 200


@pytest.fixture
def strict(settings):
    """A site that knows one name and speaks HTTPS only; probes call it by its address."""
    settings.MIDDLEWARE, settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = MIDDLEWARE, ["example.com"], True


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
def test_the_middleware_answers_before_all_others(strict, probe, page):
    client = Client(SERVER_NAME="10.0.0.7")
    assert client.get(page).json()["status"] == "ok"
    assert client.get("/other/").status_code == 400
    assert Client(SERVER_NAME="example.com").get("/other/").status_code == 301
    assert Client(SERVER_NAME="example.com").get("/other/", secure=True).content == b"other"


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
async def test_the_middleware_under_asgi(strict, settings, probe, page):
    settings.ALLOWED_HOSTS = ["testserver"]  # AsyncClient calls itself by no other name
    client = AsyncClient()
    assert (await client.get(page)).json()["status"] == "ok"
    assert (await client.get("/other/")).status_code == 301
    assert (await client.get("/other/", secure=True)).content == b"other"
