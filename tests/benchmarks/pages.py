"""What each page costs the server for a person who has 1,000 of everything, against one who has 10, on the same site.

``python -m tests.benchmarks.pages`` makes a database of its own, on SQLite or what ``FIND_FRIEND_DATABASE`` says, and
prints the pages, the dearest first. ``--help`` lists the options.
"""

import argparse
import gc
import json
import os
import re
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from html import unescape
from pathlib import Path
from types import SimpleNamespace

from .lists import statements, throwaway_database

FEW, MANY = 10, 1000
MESSAGES, UNREAD, LONG = 20, 5, 1000
INTERESTS = 1000
# The lists, which are looked at in their middle too: half as many steps as the one with many has pages.
LISTS = ("people", "friends", "requests", "sent-requests", "blocks", "chats")
STEPS = 25
PART = {"Find-Friend-Part": "list"}


# a site


def people(count, name):
    """Users with a profile, a city and two interests."""
    from django.contrib.auth import get_user_model

    from find_friend.accounts.models import City, Interest, Profile

    model, city = get_user_model(), City.objects.get(name="Lisbon")
    users = model.objects.bulk_create(
        model(username=f"{name}{at}", email=f"{name}{at}@example.com", first_name=f"First {at}", last_name=name)
        for at in range(count)
    )
    profiles = Profile.objects.bulk_create(Profile(user=user, birthday=date(1990, 1, 1), city=city) for user in users)
    interests = list(Interest.objects.order_by("pk").values_list("pk", flat=True))
    chosen = Profile.interests.through
    chosen.objects.bulk_create(
        chosen(profile=profile, interest_id=interests[(at + step) % len(interests)])
        for at, profile in enumerate(profiles)
        for step in (0, 7)
    )
    return users


def crowd():
    """Whom the two share. Those whom one blocks and is blocked by came last: search passes over them."""
    from find_friend.accounts.models import City, Interest

    City.objects.create(name="Lisbon", country="PT", population=500_000)
    Interest.objects.bulk_create(Interest(name=f"Interest {at}") for at in range(INTERESTS))
    kinds = ("friend", "asking", "asked", "stranger", "blocked", "blocking")
    return SimpleNamespace(**{kind: people(MANY, kind) for kind in kinds})


def settle(owner, others, count):
    """``count`` friends, chats, requests in both directions and blocks in both; keys as in ``tests.pages.seed``."""
    from find_friend.friends.models import Block, FriendRequest, Friendship
    from find_friend.pairs import pair_key

    friends = others.friend[:count]
    Friendship.objects.bulk_create(
        Friendship(user=user, friend=friend, pair_key=pair_key(user, friend))
        for other in friends
        for user, friend in ((owner, other), (other, owner))
    )
    pairs = [(each, owner) for each in others.asking[:count]] + [(owner, each) for each in others.asked[:count]]
    FriendRequest.objects.bulk_create(
        FriendRequest(from_user=one, to_user=two, message="We met.", pair_key=key, open_key=key)
        for one, two in pairs
        for key in [pair_key(one, two)]
    )
    pairs = [(owner, each) for each in others.blocked[:count]] + [(each, owner) for each in others.blocking[:count]]
    Block.objects.bulk_create(Block(blocker=one, blocked=two, pair_key=pair_key(one, two)) for one, two in pairs)
    lengths = {friends[0]: 0, friends[1]: LONG}
    chats = talk(owner, [*friends, others.stranger[0]], lengths)
    who = {"Ann": owner, "Mia": friends[2], "Leo": others.asking[0], "Tom": others.asked[0], "Zoe": others.stranger[1]}
    return {
        "keys": {name: str(user.pk) for name, user in who.items()},
        "chat": chats[0].pk, "long": chats[1].pk, "talk": chats[2].pk, "ended": chats[-1].pk,
        "own": MESSAGES,
    }  # fmt: skip


def talk(owner, others, lengths):
    """A chat of ``owner`` with each of the others; in each the last messages wait to be read."""
    from find_friend.chat.models import Chat, Membership, Message
    from find_friend.pairs import pair_key

    chats = Chat.objects.bulk_create(
        Chat(initiator=owner, receiver=other, pair_key=pair_key(owner, other), last_seq=lengths.get(other, MESSAGES))
        for other in others
    )
    Membership.objects.bulk_create(
        Membership(chat=chat, user=user, read_seq=max(0, chat.last_seq - UNREAD))
        for chat in chats
        for user in (chat.initiator, chat.receiver)
    )
    Message.objects.bulk_create(
        (
            Message(chat=chat, seq=seq, sender=(owner, chat.receiver)[seq % 2], text=f"message number {seq}")
            for chat in chats
            for seq in range(1, chat.last_seq + 1)
        ),
        batch_size=5000,
    )
    return chats


def make_site():
    """The two people and what is known of them."""
    from django.db import connection, transaction

    with transaction.atomic():
        others, (few, many) = crowd(), people(2, "owner")
        known = [(few, settle(few, others, FEW)), (many, settle(many, others, MANY))]
    if connection.vendor == "postgresql":  # what autovacuum does in time; nobody does it on SQLite
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return known


# one person's pages


class Visitor:
    """A signed-in browser and what its person has."""

    def __init__(self, user, known):
        from django.test import Client

        self.client, self.known = Client(), known
        self.client.force_login(user)

    def get(self, path, headers=None, status=200):
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == status, (path, answer.status_code)
        return answer

    def middle(self, path):
        """The address of a page in the middle of the list, or the first where there is only one."""
        at = path
        for _step in range(STEPS):
            found = re.search(r'rel="next" href="(\?[^"]*)"', self.get(at).content.decode())
            if found is None:
                break
            at = path + unescape(found[1])
        return at


@dataclass
class Target:
    """A page as both see it: an address for each."""

    name: str
    paths: list
    headers: dict
    status: int


def targets(visitors):
    """Every page that somebody signed in with chats and friends has; those of guests and newcomers are nobody's."""
    from tests.pages.every import PAGES

    found = []
    for page in PAGES:
        if page.who == "Ann":
            paths = [page.path(visitor.known) for visitor in visitors]
            found.append(Target(page.name, paths, {}, page.status))
            if page.name == "chats":
                found.append(Target("chats, asked for by the script", paths, PART, page.status))
            if page.name in LISTS:
                paths = [visitor.middle(path) for visitor, path in zip(visitors, paths, strict=True)]
                found.append(Target(f"{page.name}, in the middle", paths, {}, page.status))
    return found


# the clock


class Clock:
    """Seconds of a call: what this thread computes, and how long it waits for the database.

    Other programs on the same cores lengthen the second only. The time of the wall is kept beside it.
    """

    def __init__(self):
        self.waited = 0.0

    def __call__(self, execute, sql, params, many, context):
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return execute(sql, params, many, context)
        finally:
            self.waited += time.perf_counter() - wall - (time.thread_time() - cpu)

    def time(self, call):
        self.waited, wall, cpu = 0.0, time.perf_counter(), time.thread_time()
        call()
        return time.thread_time() - cpu + self.waited, time.perf_counter() - wall


def measure(visitors, target, rounds, visits):
    """Medians of each round, for both; they take turns, so that a busy moment hurts both."""
    from django.db import connection

    calls = [
        lambda visitor=visitor, path=path: visitor.get(path, target.headers, target.status)
        for visitor, path in zip(visitors, target.paths, strict=True)
    ]
    queries = [len(statements(call)) for call in calls for _twice in range(2)][1::2]
    clock, found = Clock(), []
    gc.collect()
    with connection.execute_wrapper(clock):
        for _round in range(rounds):
            times = [[clock.time(call) for call in calls] for _visit in range(visits)]
            found.append([[statistics.median(t[side][kind] for t in times) for side in (0, 1)] for kind in (0, 1)])
    return summary(target.name, found, queries)


def summary(name, rounds, queries):
    ratios = [many / few for (few, many), _wall in rounds]
    return {
        "page": name,
        "few": statistics.median(few for (few, _many), _wall in rounds) * 1000,
        "many": statistics.median(many for (_few, many), _wall in rounds) * 1000,
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "wall": statistics.median(many / few for _cost, (few, many) in rounds),
        "queries": queries,
    }


@contextmanager
def fair_settings():
    """No limits of rate, which are counted in a cache and not in what is measured."""
    from django.test import override_settings

    from find_friend.conf import AppSettings

    with override_settings(FIND_FRIEND={"THROTTLE_RATES": dict.fromkeys(AppSettings.THROTTLE_RATES.default)}):
        yield


def run(rounds=7, visits=15, only=()):
    with throwaway_database(), fair_settings():
        visitors = [Visitor(user, known) for user, known in make_site()]
        wanted = [each for each in targets(visitors) if not only or each.name in only]
        return [measure(visitors, target, rounds, visits) for target in wanted]


def show(result):
    head = f"{'page':34}{f'ms, {FEW}':>9}{f'ms, {MANY:,}':>11}{'ratio':>7}  {'lowest-highest':15}{'wall':>5}  queries"
    print(head)
    for each in sorted(result, key=lambda each: -each["ratio"]):
        spread = f"{each['lowest']:.2f}-{each['highest']:.2f}"
        print(
            f"{each['page']:34}{each['few']:9.2f}{each['many']:11.2f}{each['ratio']:7.2f}  {spread:15}"
            f"{each['wall']:5.2f}  {each['queries'][0]}, {each['queries'][1]}"
        )


def main():
    import django

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pages", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="whose median counts (7)")
    parser.add_argument("--visits", type=int, default=15, help="of each of the two in a round (15)")
    parser.add_argument("--only", action="append", metavar="PAGE", help="a name from the table; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything that was measured")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.full.settings")
    django.setup()
    result = run(options.rounds, options.visits, options.only or ())
    show(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    sys.exit(main())
