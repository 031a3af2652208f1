"""What the pages of the apps print under "How to" does what they say."""

import pytest

from tests.docs import pages


def run(page, **names):
    """Every block of the section, one after the other; the names that they leave."""
    for block in pages.blocks(pages.section(pages.read(page), "How to"), "python"):
        exec(block.text, names)
    return names


def test_accounts(ann):
    from find_friend.accounts.models import AuthToken, EmailAddress

    AuthToken.objects.issue(ann)
    profile = run("accounts.md", ann=ann)["profile"]
    profile.refresh_from_db()
    assert (profile.city.name, [interest.name for interest in profile.interests.all()]) == ("Lisbon", ["chess"])
    assert EmailAddress.objects.is_verified(ann)
    assert not AuthToken.objects.alive(ann).exists()


def test_friends(ann, bob, eve, django_assert_num_queries):
    from find_friend.friends.models import Block, FriendRequest, Friendship

    FriendRequest.objects.send(by=eve, to=ann)
    names = run("friends.md", ann=ann, bob=bob)
    assert Friendship.objects.between(ann, bob).exists()
    with django_assert_num_queries(2):
        context = names["context"](ann)
        assert [row.friend.pk for row in context["friends"]] == [bob.pk]
    assert context["waiting"] == 1
    Block.objects.block(by=eve, user=ann)
    assert eve not in names["visible"].all()
    assert bob in names["visible"].all()


def test_chat(ann, bob, befriend, django_assert_num_queries):
    befriend(ann, bob)
    run("chat.md", ann=ann, bob=bob)
    names = run("chat.md", ann=ann, bob=bob)  # as a task that runs twice
    with django_assert_num_queries(1):
        assert names["unread"](bob) == 1
    assert names["unread"](ann) == 0
    assert [message["text"] for message in names["written"](ann)] == ["The tickets are here!"]
    names["chat"].erase(by=ann, seq=1)
    assert names["written"](ann) == []


@pytest.mark.parametrize("page", ["accounts.md", "friends.md", "chat.md"])
def test_every_app_has_the_same_sections(page):
    headings = [line[3:] for line in pages.prose(pages.read(page)).splitlines() if line.startswith("## ")]
    wanted = ["Installation", "Settings", "HTTP", "How to", "Signals", "Templates", "Admin"]
    assert [heading for heading in headings if heading in wanted] == wanted
