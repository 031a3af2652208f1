"""The code of the page about observability runs as it is printed."""

import json
import re
import subprocess
import sys
from types import ModuleType

import pytest
import yaml
from django.apps import AppConfig, apps
from django.urls import resolve, reverse
from django.utils.module_loading import import_string

from find_friend.health import readiness
from tests.docs import pages

PAGE = pages.read("observability.md")

SAY = """
import logging.config
from mysite.settings import LOGGING
from find_friend.logs import fields

logging.config.dictConfig(LOGGING)
logger = logging.getLogger("find_friend.chat")
logger.info("Draining: %s sockets close.", 2, extra=fields("draining", count=2))
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("another").exception("Привет")
"""


def block(file, word=""):
    """The one piece of code that is for that file and has that word."""
    (found,) = [each for each in pages.blocks(PAGE, "python") if each.file == file and word in each.text]
    return found.text


def names_of(code):
    found = {}
    exec(code, found)
    return found


def test_the_formatter_writes_one_json_object_a_line(tmp_path):
    (tmp_path / "mysite").mkdir()
    for name, word in (("logs.py", "class"), ("settings.py", "LOGGING")):
        (tmp_path / "mysite" / name).write_text(block(f"mysite/{name}", word), encoding="utf-8")
    command = [sys.executable, "-X", "utf8", "-c", SAY]
    said = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(pages.ROOT)}, capture_output=True, text=True, check=True
    )
    first, second = (json.loads(line) for line in said.stderr.splitlines())
    del first["time"]
    assert first == {
        "level": "INFO",
        "logger": "find_friend.chat",
        "message": "Draining: 2 sockets close.",
        "event": "draining",
        "count": 2,
    }
    assert (second["message"], second["level"]) == ("Привет", "ERROR")
    assert "ZeroDivisionError" in second["exception"]


# health


def test_the_pages_are_where_the_page_says():
    urls = ModuleType("urls")
    vars(urls).update(names_of(block("mysite/urls.py", "find_friend.health")))
    for name, path, _ in pages.rows(pages.section(PAGE, "Health"))[:2]:
        name, path = pages.code(name)[0], pages.code(path)[0]
        assert reverse(name, urlconf=urls) == f"/-/{path}"
        assert resolve(f"/-/{path}", urlconf=urls).url_name == name


def test_the_middleware_is_the_first():
    middleware = names_of(block("mysite/settings.py", "MIDDLEWARE"))["MIDDLEWARE"]
    assert import_string(middleware[0])


def test_every_check_is_listed():
    rows = pages.rows(pages.section(PAGE, "Health"))[2:]
    assert [pages.code(cells[0])[0] for cells in rows] == list(readiness.checks())


def test_an_app_of_the_site_adds_a_check(monkeypatch):
    config = names_of(block("mysite/apps.py"))["MySiteConfig"]
    assert issubclass(config, AppConfig)
    monkeypatch.setattr(apps, "get_app_configs", lambda: [config])
    assert readiness.checks()["search"] == "mysite.search.is_up"


@pytest.mark.parametrize("status", ["ok", "degraded", "unavailable"])
def test_every_status_is_explained(status):
    assert f"`{status}`" in pages.section(PAGE, "Health")


# metrics


@pytest.fixture(scope="module")
def families():
    pytest.importorskip("prometheus_client")
    from find_friend.chat.metrics.prometheus import ChatCollector

    return {family.name: family for family in ChatCollector().collect()}


def test_every_metric_is_listed_as_it_is(families):
    listed = {}
    for name, kind, labels, _ in pages.rows(pages.section(PAGE, "Names")):
        listed[pages.code(name)[0]] = (kind, set(pages.code(labels)))
    ours = {
        name: (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
        for name, family in families.items()
    }
    assert listed == ours


def test_alerts_are_about_metrics_that_exist(families):
    known = {sample.name for family in families.values() for sample in family.samples}
    (rules,) = [block.text for block in pages.blocks(PAGE, "yaml") if "alert:" in block.text]
    (group,) = yaml.safe_load(rules)["groups"]
    for rule in group["rules"]:
        used = set(re.findall(r"find_friend_chat_\w+", rule["expr"]))
        assert used
        assert used <= known
        assert rule["annotations"]["summary"]


def test_the_address_of_the_metrics_page():
    pytest.importorskip("prometheus_client")
    urls = ModuleType("urls")
    vars(urls).update(names_of(block("mysite/urls.py", "metrics")))
    assert reverse("find_friend-metrics", urlconf=urls) == "/metrics"
