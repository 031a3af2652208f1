"""The main story with each person at a server process of their own, on PostgreSQL and Redis."""

import os

import pytest
from django.conf import settings

from tests.pages.network import network
from tests.pages.people import Person
from tests.pages.sites import Site
from tests.pages.test_stories import lose_and_find, meet, part, talk
from tests.pages.windows import Windows
from tests.processes import free_port

pytestmark = [pytest.mark.server, pytest.mark.postgres, pytest.mark.redis]


@pytest.fixture
def database():
    """An empty one beside that of the tests."""
    import psycopg

    known, name = settings.DATABASES["default"], f"find_friend_pages_{os.getpid()}"
    where = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield {
            "FIND_FRIEND_DATABASE": "postgres",
            "FIND_FRIEND_REDIS_URL": settings.REDIS_URL,
            "POSTGRES_DB": name,
            "POSTGRES_USER": known["USER"],
            "POSTGRES_PASSWORD": known["PASSWORD"],
            "DB_HOST": known["HOST"],
            "DB_PORT": str(known["PORT"]),
        }
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_two_people_at_two_servers(database, chromium, tmp_path):
    site, other = Site(tmp_path, **database), free_port()
    windows = Windows(chromium, site)
    with site.serving(), site.serving(other), network(other) as line:
        ann = Person(windows())
        bob = Person(windows(base_url=line.address))
        meet(ann, bob)
        talk(ann, bob)
        lose_and_find(ann, bob, line)
        part(ann, bob)
        windows.close()
    assert windows.problems == []
