import gettext
import re
import sqlite3
from contextlib import closing

import pytest

from tests.example.conftest import EXAMPLE, python

TABLES = [
    "people_user",
    "find_friend_accounts_city",
    "find_friend_accounts_interest",
    "find_friend_accounts_profile",
    "find_friend_accounts_emailaddress",
    "find_friend_friends_friendship",
    "find_friend_friends_friendrequest",
    "find_friend_friends_block",
    "find_friend_chat_chat",
    "find_friend_chat_membership",
    "find_friend_chat_message",
]


@pytest.fixture(scope="module")
def database(manage, tmp_path_factory):
    path = tmp_path_factory.mktemp("seed") / "db.sqlite3"
    manage("migrate", "--verbosity", "0", DEBUG="True", SQLITE_PATH=str(path))
    done = manage("seed", DEBUG="True", SQLITE_PATH=str(path))
    assert "Loaded" in done.stdout
    return path


@pytest.fixture
def rows(database):
    def select(sql):
        with closing(sqlite3.connect(database)) as connection:
            return connection.execute(sql).fetchall()

    return select


def test_there_is_enough_to_look_at(rows):
    counts = {table: rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
    assert counts["people_user"] == counts["find_friend_accounts_profile"] >= 195
    assert counts["find_friend_accounts_emailaddress"] == counts["people_user"]
    assert counts["find_friend_accounts_city"] > 500
    assert 55 <= counts["find_friend_accounts_interest"] <= 80
    assert counts["find_friend_friends_friendship"] > 1000
    assert counts["find_friend_friends_friendrequest"] > 50
    assert counts["find_friend_friends_block"] == 6
    assert counts["find_friend_chat_chat"] > 80
    assert counts["find_friend_chat_message"] > 400


def test_a_second_run_changes_nothing(manage, database, rows):
    before = [rows(f"SELECT * FROM {table}") for table in TABLES]
    done = manage("seed", DEBUG="True", SQLITE_PATH=str(database))
    assert "already" in done.stdout
    assert [rows(f"SELECT * FROM {table}") for table in TABLES] == before


def test_russian_cities_have_russian_names_regions_and_places(rows):
    [(region, latitude, longitude)] = rows(
        "SELECT region, latitude, longitude FROM find_friend_accounts_city WHERE name = 'Казань'"
    )
    assert region == "Татарстан"
    assert (round(latitude, 1), round(longitude, 1)) == (55.8, 49.1)
    assert rows("SELECT count(*) FROM find_friend_accounts_city WHERE country = 'RU'")[0][0] >= 160
    assert not rows("SELECT name FROM find_friend_accounts_city WHERE country = 'RU' AND name GLOB '*[A-Za-z]*'")
    assert not rows("SELECT name FROM find_friend_accounts_city WHERE search_key = '' OR latitude IS NULL")


def test_friendship_has_both_sides_and_excludes_blocks_and_requests(rows):
    friends = set(rows("SELECT user_id, friend_id FROM find_friend_friends_friendship"))
    assert friends == {(friend, user) for user, friend in friends}
    keys = {key for (key,) in rows("SELECT pair_key FROM find_friend_friends_friendship")}
    open_keys = {key for (key,) in rows("SELECT open_key FROM find_friend_friends_friendrequest")}
    blocked = {key for (key,) in rows("SELECT pair_key FROM find_friend_friends_block")}
    assert not keys & open_keys
    assert not (keys | open_keys) & blocked


def test_chats_are_between_friends_and_numbered_without_gaps(rows):
    chats = rows("SELECT id, initiator_id, receiver_id, last_seq FROM find_friend_chat_chat")
    friends = set(rows("SELECT user_id, friend_id FROM find_friend_friends_friendship"))
    for chat, initiator, receiver, last_seq in chats:
        assert (initiator, receiver) in friends
        messages = rows(f"SELECT seq, sender_id FROM find_friend_chat_message WHERE chat_id = {chat} ORDER BY seq")
        assert [seq for seq, _sender in messages] == list(range(1, last_seq + 1))
        assert {sender for _seq, sender in messages} <= {initiator, receiver}
    [(wrong,)] = rows(
        "SELECT count(*) FROM find_friend_chat_membership m JOIN find_friend_chat_chat c ON c.id = m.chat_id "
        "WHERE m.read_seq > c.last_seq OR m.user_id NOT IN (c.initiator_id, c.receiver_id)"
    )
    assert wrong == 0


def test_the_seeded_rows_are_what_the_package_itself_would_write(database):
    script = """
from find_friend.accounts.models import EmailAddress
from find_friend.chat.models import Chat
from find_friend.friends.models import Friendship
from people.demo.world import PASSWORD, USER_1, USER_2
from people.models import User
one, other = (EmailAddress.objects.user_for(email) for email in (USER_1, USER_2))
assert one.check_password(PASSWORD) and not one.is_staff
assert one.find_friend_profile.age == 23
assert Friendship.objects.befriend(one, other) is False
assert Chat.objects.direct(by=other, to=one) == (Chat.objects.get(pk=1), False)
assert [message.text for message in Chat.objects.get(pk=1).history()] == ["Ну привет, коль не шутишь!", "Привет!"]
for user in User.objects.all():
    user.full_clean()
    user.find_friend_profile.full_clean()
print("fine")
"""
    done = python("manage.py", "shell", "-c", script, DEBUG="True", SQLITE_PATH=str(database))
    assert done.stdout.endswith("fine\n")


def test_outside_development_a_password_has_to_be_chosen(manage, tmp_path):
    production = {"DJANGO_SECRET_KEY": "x" * 50, "SQLITE_PATH": str(tmp_path / "db.sqlite3")}
    manage("migrate", "--verbosity", "0", **production)
    done = python("manage.py", "seed", check=False, **production)
    assert done.returncode != 0
    assert "--password" in done.stderr
    assert "Loaded" in manage("seed", "--password", "chosen by hand", **production).stdout


def test_the_demo_command_is_for_development_only(tmp_path):
    production = {"DJANGO_SECRET_KEY": "x" * 50, "SQLITE_PATH": str(tmp_path / "db.sqlite3")}
    done = python("manage.py", "demo", check=False, **production)
    assert done.returncode != 0
    assert "DEBUG=True" in done.stderr
    assert not (tmp_path / "db.sqlite3").exists()


@pytest.mark.parametrize(("language", "words"), [("", "Найди друга"), ("ru", "Найди друга"), ("en", "Find a friend")])
def test_home_page_speaks_the_visitors_language(database, language, words):
    script = f"""
from django.test import Client
page = Client(headers={{"Accept-Language": {language!r}}} if {language!r} else None, SERVER_NAME="localhost").get("/")
assert page.status_code == 200
print(page.content.decode())
"""
    page = python("manage.py", "shell", "-c", script, DEBUG="True", SQLITE_PATH=str(database)).stdout
    assert f"<h1>{words}</h1>" in page
    assert "testuser1@fake.org" in page
    assert "ws://localhost/ws/chat/1/" in page
    assert page.index('TOKEN="') < page.index("$TOKEN"), "what is sent has been set before"


def test_every_text_of_the_example_is_translated():
    people = EXAMPLE / "people"
    with (people / "locale/ru/LC_MESSAGES/django.mo").open("rb") as file:
        russian = gettext.GNUTranslations(file)
    texts = set()
    for source in [*people.rglob("*.html"), *people.rglob("*.py")]:
        texts.update(re.findall(r'{% translate "([^"]+)" %}|\b_\("([^"]+)"\)', source.read_text(encoding="utf-8")))
    found = {text for pair in texts for text in pair if text}
    assert len(found) > 15
    assert [text for text in found if text != "API" and russian.gettext(text) == text] == []
