"""What lists of chats and pages of history cost, over Django's test client, as ratios measured in the same run.

``run()`` wants a Django that is set up, with PostgreSQL as its database; it works in a test database of its own, which
is gone afterwards. ``python -m tests.benchmarks.lists [messages]`` prints the table.
"""

import json
import statistics
import sys
import time
from contextlib import contextmanager

ROUNDS = 5
CHATS = (1, 100, 1000)

RAW_LIST = """
SELECT c.id, c.created, greatest(c.last_seq - p.read_seq, 0), l.id, l.sender_id, l.text, l.created,
       i.email, i.first_name, i.last_name, ip.birthday, ic.name,
       r.email, r.first_name, r.last_name, rp.birthday, rc.name
FROM {membership} p
JOIN {chat} c ON c.id = p.chat_id
LEFT JOIN LATERAL (SELECT * FROM {message} m WHERE m.chat_id = c.id ORDER BY m.seq DESC LIMIT 1) l ON true
LEFT JOIN {user} i ON i.id = c.initiator_id
LEFT JOIN {profile} ip ON ip.user_id = i.id LEFT JOIN {city} ic ON ic.id = ip.city_id
LEFT JOIN {user} r ON r.id = c.receiver_id
LEFT JOIN {profile} rp ON rp.user_id = r.id LEFT JOIN {city} rc ON rc.id = rp.city_id
WHERE p.user_id = %s
ORDER BY c.modified DESC, c.id DESC
"""


@contextmanager
def throwaway_database():
    from django.db import connection

    usual = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(usual, verbosity=0)


def tables():
    from django.apps import apps
    from django.contrib.auth import get_user_model

    names = {"user": get_user_model()._meta.db_table}
    for app, model in (
        ("find_friend_accounts", "Profile"),
        ("find_friend_accounts", "City"),
        ("find_friend_chat", "Chat"),
        ("find_friend_chat", "Membership"),
        ("find_friend_chat", "Message"),
    ):
        names[model.lower()] = apps.get_model(app, model)._meta.db_table
    return names


def people(count, name):
    """Users with a profile and a city."""
    from datetime import date

    from django.contrib.auth import get_user_model

    from find_friend.accounts.models import City, Profile

    model = get_user_model()
    city, _created = City.objects.get_or_create(name="Lisbon", country="PT")
    users = []
    for number in range(count):
        user = model(email=f"{name}{number}@example.com", first_name=f"First {number}", last_name=name)
        if model.USERNAME_FIELD != "email":
            setattr(user, model.USERNAME_FIELD, f"{name}-{number}")
        user.set_unusable_password()
        users.append(user)
    model.objects.bulk_create(users)
    Profile.objects.bulk_create(Profile(user=user, birthday=date(1990, 1, 1), city=city) for user in users)
    return users


def talk(owner, others, messages):
    """A chat of ``owner`` with each of the others, and so many messages in each."""
    from django.db import connection

    from find_friend.chat.models import Chat, Membership
    from find_friend.pairs import pair_key

    chats = Chat.objects.bulk_create(
        Chat(initiator=owner, receiver=other, pair_key=pair_key(owner, other), last_seq=messages) for other in others
    )
    Membership.objects.bulk_create(
        Membership(chat=chat, user_id=pk) for chat in chats for pk in (chat.initiator_id, chat.receiver_id)
    )
    with connection.cursor() as cursor:
        for chat in chats:
            cursor.execute(
                f"INSERT INTO {tables()['message']} (chat_id, seq, sender_id, text, created) "
                "SELECT %s, n, %s, 'message number ' || n, now() + n * interval '1 ms' FROM generate_series(1, %s) n",
                [chat.pk, owner.pk, messages],
            )
    return chats


def client_of(user):
    from rest_framework.test import APIClient

    from find_friend.accounts.models import AuthToken

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.issue(user)[1]}")
    return client


def seconds(call):
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def compare(*calls):
    """The median time of each call; they take turns, so that a busy moment hurts all."""
    for call in calls:
        call(), call()
    times = [[seconds(call) for call in calls] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def statements(call):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        call()
    return [query["sql"] for query in queries]


def plan(sql):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def get(client, path):
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json() if path == "chats/" else answer


def raw_list(user):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(RAW_LIST.format(**tables()), [user.pk])
        rows = cursor.fetchall()
    json.dumps(rows, default=str)
    return rows


def chat_lists(result):
    for count in CHATS:
        owner, *others = people(count + 1, f"list{count}")
        talk(owner, others, 30)
        client = client_of(owner)
        analyze()
        assert len(get(client, "chats/")) == len(raw_list(owner)) == count
        ours, raw = compare(lambda client=client: client.get("/api/v1/chats/"), lambda owner=owner: raw_list(owner))
        result[f"list of {count}: ms"] = ours * 1000
        result[f"list of {count}: ms of raw statement and json.dumps"] = raw * 1000
        result[f"list of {count}: ratio to raw"] = ours / raw
        result[f"list of {count}: queries"] = len(statements(lambda client=client: get(client, "chats/")))


def analyze():
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {tables()['message']}")
        cursor.execute("ANALYZE")


def histories(result, messages):
    owner, first, second = people(3, "history")
    (small,) = talk(owner, [first], 10_000)
    (large,) = talk(owner, [second], messages)
    analyze()
    client = client_of(owner)
    pages = {
        "newest page": "chats/{}/messages/",
        "oldest page": "chats/{}/messages/?after_seq=0",
        "middle page": "chats/{}/messages/?before_seq={}",
        "chat": "chats/{}/",
    }
    for name, path in pages.items():
        few = path.format(small.pk, small.last_seq // 2)
        many = path.format(large.pk, large.last_seq // 2)
        before, after = compare(lambda few=few: get(client, few), lambda many=many: get(client, many))
        result[f"{name}: ms of 10,000"] = before * 1000
        result[f"{name}: ms of {messages:,}"] = after * 1000
        result[f"{name}: ratio of {messages:,} to 10,000"] = after / before
        made = statements(lambda many=many: get(client, many))
        result[f"{name}: queries"] = len(made)
        chosen = plan(next(sql for sql in made if tables()["message"] in sql))
        scanned = f"Seq Scan on {tables()['message']}"
        result[f"{name}: by the index"] = "find_friend_message_seq" in chosen and scanned not in chosen


def run(messages=1_000_000):
    """Times in milliseconds, ratios and numbers of queries by name."""
    result = {}
    with throwaway_database():
        histories(result, messages)
        chat_lists(result)
    return result


def show(result):
    for name, value in result.items():
        print(f"{name:60} {value:10.2f}" if isinstance(value, float) else f"{name:60} {value!s:>10}")


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.full.settings")
    django.setup()
    show(run(int(sys.argv[1]) if sys.argv[1:] else 1_000_000))
