import sqlite3
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections

DUMPS = Path(__file__).parent / "dumps"


@pytest.fixture
def old(tmp_path, db):
    """``old("authtoken")`` makes the database "old" out of a dump, and gives a connection to it."""
    opened = []

    def load(name):
        path = tmp_path / f"{name}.sqlite3"
        opened.append(sqlite3.connect(path, isolation_level=None))
        opened[0].executescript((DUMPS / f"{name}.sql").read_text(encoding="utf-8"))
        configured = {**connections["default"].settings_dict, "ENGINE": "django.db.backends.sqlite3"}
        connections.databases["old"] = {**configured, "NAME": str(path), "OPTIONS": {}, "TIME_ZONE": None}
        connections["old"].connect()  # an open one is not asked whether the test has named its database
        return opened[0]

    yield load
    for connection in opened:
        connection.close()
        connections["old"].close()
        del connections["old"]
        del connections.databases["old"]


@pytest.fixture
def run():
    """``run("friends", "django-friendship", "--dry-run")`` imports from the database "old"; gives what was printed."""

    def imported(app, source, *options):
        out = StringIO()
        call_command(f"find_friend_import_{app}", source, "--database=old", *options, stdout=out)
        return out.getvalue().splitlines()

    return imported


@pytest.fixture
def people(user_factory):
    """``people("ann", "bob")`` makes users with addresses such as ann@example.com."""

    def make(*names):
        return [user_factory(first_name=name.title(), email=f"{name}@example.com") for name in names]

    return make
