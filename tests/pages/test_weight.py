"""What pages cost: bytes of a room, and queries for many people as for few."""

from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from find_friend.accounts.models import City, Interest, Profile
from find_friend.chat.models import Chat, Membership, Message
from find_friend.friends.models import Block, FriendRequest, Friendship
from find_friend.pairs import pair_key
from tests.pages.every import PAGES

MOST_BYTES = 60_000


@pytest.mark.server
def test_a_room_is_small(shown, looking):
    """All styles and scripts that the browser asks for, as they are before a web server compresses them."""
    window, answers = looking("Ann"), {}
    window.on("response", lambda answer: answers.update({answer.url: answer}))
    window.goto(shown.seed["pages"]["room"])
    window.locator("#ff-state[data-status=open]").wait_for(state="attached")
    sizes = {url: len(answer.body()) for url, answer in [*answers.items()] if url.endswith((".css", ".js"))}
    assert len(sizes) >= 5
    assert sum(sizes.values()) < MOST_BYTES, sizes


def make_many(model, first, last):
    """People who show as much of themselves as those of the seed."""
    people = [model(username=f"many{place}", first_name=f"Person{place}") for place in range(first, last)]
    people = model._default_manager.bulk_create(people)
    city, interest = City.objects.all()[0], Interest.objects.all()[0]
    profiles = Profile.objects.bulk_create(Profile(user=user, city=city) for user in people)
    shown = Profile.interests.through
    shown.objects.bulk_create(shown(profile=profile, interest=interest) for profile in profiles)
    return people


def add(ann, first, last):
    """Friends with a chat each, in which the last word is theirs; people who ask, are asked and are blocked."""
    model = get_user_model()
    friends, others = make_many(model, first, last), make_many(model, -last, -first)
    Friendship.objects.bulk_create(
        Friendship(user=one, friend=other, pair_key=pair_key(one, other))
        for friend in friends
        for one, other in ((ann, friend), (friend, ann))
    )
    chats = Chat.objects.bulk_create(
        Chat(initiator=friend, receiver=ann, pair_key=pair_key(ann, friend), last_seq=1) for friend in friends
    )
    places = [(chat, user) for chat in chats for user in (chat.initiator, ann)]
    Membership.objects.bulk_create(Membership(chat=chat, user=user) for chat, user in places)
    Message.objects.bulk_create(Message(chat=chat, seq=1, sender=chat.initiator, text="Hello") for chat in chats)
    asked, asking, blocked = others[::3], others[1::3], others[2::3]
    pairs = [*((ann, other) for other in asked), *((other, ann) for other in asking)]
    keys = [pair_key(*pair) for pair in pairs]
    FriendRequest.objects.bulk_create(
        FriendRequest(from_user=one, to_user=other, pair_key=key, open_key=key)
        for (one, other), key in zip(pairs, keys, strict=True)
    )
    Block.objects.bulk_create(Block(blocker=ann, blocked=other, pair_key=pair_key(ann, other)) for other in blocked)


def costs(client, pages):
    found = {}
    for page in PAGES:
        if page.who == "Ann":
            with CaptureQueriesContext(connection) as queries:
                assert client.get(pages[page.name]).status_code == page.status
            found[page.name] = len(queries)
    return found


@pytest.mark.django_db
def test_a_thousand_friends_and_chats_cost_what_ten_do(client, configure):
    from tests.pages import seed

    configure(THROTTLE_RATES=dict.fromkeys(("read", "search")))
    known = seed.make_all()
    ann = get_user_model().objects.get(pk=known["keys"]["Ann"])
    client.force_login(ann)
    add(ann, 1, 11)
    few = costs(client, known["pages"])
    add(ann, 11, 1001)
    assert Friendship.objects.of(ann).count() > 1000
    assert costs(client, known["pages"]) == few
    assert max(few.values()) <= 25, few


def test_pictures_of_the_documentation_are_small():
    from tests.pages.screenshots import CHOSEN

    folder = Path(__file__).parents[2] / "docs" / "images"
    names = {f"{page}-{'-'.join(map(str, kind))}.png" for page, kinds in CHOSEN.items() for kind in kinds} | {
        "chat.png"
    }
    assert {file.name for file in folder.iterdir()} == names
    assert [file.name for file in folder.iterdir() if file.stat().st_size >= 100_000] == []
    shown = (folder.parent / "pages.md").read_text(encoding="utf-8")
    assert [name for name in names if f"images/{name}" not in shown] == []
