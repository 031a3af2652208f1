"""The pages of chat: what they show, what their forms do, and that they have the rules of the API."""

import json
import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.urls.base import get_script_prefix, set_script_prefix
from django.utils import timezone
from django.utils.html import escape
from rest_framework import serializers

from find_friend import throttling
from find_friend.chat.models import Chat, Membership, Message, Privacy
from find_friend.chat.pages import lines
from find_friend.chat.pages.emoji import OFFERED, are_few
from find_friend.chat.pages.parts import ChatParts
from find_friend.chat.pages.texts import pieces
from find_friend.chat.pages.views import RoomView
from find_friend.chat.serializers import MessageSerializer
from find_friend.friends.models import Block
from find_friend.pages.parts import collected
from find_friend.policies import Policy, policy
from tests.conftest import text_of

pytestmark = pytest.mark.django_db

PART = {"Find-Friend-Part": "list"}


def page(name, *args):
    return reverse(f"find_friend_chat_pages:{name}", args=args)


@pytest.fixture
def browser():
    """``browser(user)`` is a test client in which the user is signed in."""

    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def window(browser, ann):
    return browser(ann)


@pytest.fixture
def room(chat):
    return page("room", chat.pk)


def words_of(answer):
    """The texts of the lines, top to bottom."""
    found = re.findall(r'<p class="ff-words" dir="auto">(.*?)</p>', answer.content.decode(), re.DOTALL)
    return found[:-1] if b'<template id="ff-line">' in answer.content else found


def cost(client, path, **more):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path, **more).status_code == 200
    return len(queries)


def crowd(ann, others, count):
    """So many chats of Ann with people in turn, each with a message that she has not read."""
    first = Chat.objects.count()
    made = Chat.objects.bulk_create(
        Chat(initiator=others[index % len(others)], receiver=ann, pair_key=f"{first + index}", last_seq=1)
        for index in range(count)
    )
    made = list(Chat.objects.filter(pair_key__in=[chat.pair_key for chat in made]))
    Membership.objects.bulk_create(
        Membership(chat=chat, user_id=pk) for chat in made for pk in (ann.pk, chat.initiator_id)
    )
    Message.objects.bulk_create(Message(chat=chat, seq=1, sender_id=chat.initiator_id, text="Hi") for chat in made)


# the list


def test_chats_are_listed_newest_first(window, ann, bob, eve, chat, befriend):
    befriend(ann, eve)
    other, _created = Chat.objects.direct(by=ann, to=eve)
    chat.post(by=bob, text="Hello, <Ann>!")
    other.post(by=ann, text="Hi, Eve!")
    answer = window.get(page("chats"))
    shown = text_of(answer)
    assert shown.index("Eve Evans") < shown.index("Bob Baker")
    assert "Hello, &lt;Ann&gt;!" in shown
    assert '<span class="ff-muted">You:</span> Hi, Eve!' in shown
    assert re.findall(r'class="ff-count">(\d+)<span class="ff-hidden"> unread message<', shown) == ["1"]
    chat.erase(by=bob, seq=1)
    assert "Message deleted" in text_of(window.get(page("chats")))


def test_times_of_today_are_hours_and_others_dates(window, bob, chat):
    message = chat.post(by=bob, text="Hello!")
    today = '<time class="ff-small" datetime='
    assert re.search(rf'{today}"[^"]+">[^<]*[ap]\.m\.<', text_of(window.get(page("chats"))))
    Message.objects.filter(pk=message.pk).update(created=timezone.now() - timedelta(days=1))
    assert re.search(rf'{today}"[^"]+">Yesterday<', text_of(window.get(page("chats"))))
    Message.objects.filter(pk=message.pk).update(created=timezone.now() - timedelta(days=2))
    assert re.search(rf'{today}"[^"]+">\d\d/\d\d/\d{{4}}<', text_of(window.get(page("chats"))))


def test_without_chats_it_says_what_to_do(browser, eve):
    shown = text_of(browser(eve).get(page("chats")))
    assert "No chats yet" in shown
    assert "press “Write”" in shown


def test_a_chat_without_messages_asks_for_the_first(window, chat, room):
    assert '<p class="ff-chat-last" dir="auto">No messages yet</p>' in text_of(window.get(page("chats")))
    assert "No messages yet. Write the first one." in text_of(window.get(room))


def test_a_chat_stays_when_the_other_is_gone(window, bob, chat):
    chat.post(by=bob, text="Farewell")
    bob.delete()
    shown = text_of(window.get(page("chats")))
    assert "Somebody" in shown
    assert "Farewell" in shown


@pytest.mark.parametrize("name", ["chats", "privacy"])
def test_guests_are_sent_to_sign_in(client, name):
    assert client.get(page(name))["Location"].endswith(f"?next={page(name)}")


def test_the_list_costs_the_same_whatever_its_length(window, ann, user_factory, configure):
    others = [user_factory() for _ in range(5)]
    crowd(ann, others, 10)
    configure(PAGE_SIZE=100, PAGE_MAX_SIZE=100)
    window.get(page("chats"))  # what is read once a process
    few = cost(window, page("chats"))
    crowd(ann, others, 990)
    assert cost(window, page("chats")) == few
    answer = window.get(page("chats"))
    assert answer.content.count(b'<li class="ff-chat ') == 100
    more = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())[1]
    assert window.get(page("chats") + more.replace("&amp;", "&")).content.count(b'<li class="ff-chat ') == 100


def test_the_newest_messages_are_looked_up_for_one_page_only(window, ann, user_factory, configure):
    crowd(ann, [user_factory() for _ in range(3)], 6)
    configure(PAGE_SIZE=2)
    with CaptureQueriesContext(connection) as queries:
        assert window.get(page("chats")).content.count(b'<li class="ff-chat ') == 2
    (asked,) = [query["sql"] for query in queries if f'"{Message._meta.db_table}"' in query["sql"].replace("`", '"')]
    assert Membership._meta.db_table not in asked  # for the chats of the page, and not for all of one's own


def test_the_list_is_asked_for_cheaply(window, ann, bob, chat):
    chat.post(by=bob, text="Hello!")
    whole = window.get(page("chats"))
    stamp = re.search(r'data-stamp="([^"]+)"', whole.content.decode())[1].replace("&quot;", '"')
    answer = window.get(page("chats"), headers={**PART, "If-None-Match": stamp})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["ETag"] == stamp
    with CaptureQueriesContext(connection) as queries:
        window.get(page("chats"), headers={**PART, "If-None-Match": stamp})
    mine = [query["sql"] for query in queries if "find_friend_chat" in query["sql"]]
    assert len(mine) == 1


def test_whatever_happens_changes_the_list(window, ann, bob, chat):
    stamps = []

    def look(**headers):
        answer = window.get(page("chats"), headers={**PART, "If-None-Match": stamps[-1] if stamps else "", **headers})
        assert answer.status_code == 200
        assert "<html" not in answer.content.decode()
        assert PART.keys() <= {name.strip() for name in answer["Vary"].split(",")}
        stamps.append(answer["ETag"])
        return text_of(answer)

    look()
    chat.post(by=bob, text="Hello!")
    assert "Hello!" in look()
    chat.edit(by=bob, seq=1, text="Good evening!")
    assert "Good evening!" in look()
    assert "ff-unread" in look(**{"Accept-Language": "ru"})
    chat.read(by=ann, seq=1)
    assert "ff-unread" not in look(**{"Accept-Language": "ru"})
    assert len(set(stamps)) == len(stamps)


def test_the_navigation_counts_chats_with_something_new(window, ann, bob, eve, chat, befriend):
    def count():
        return [
            link.count for link in window.get(page("chats")).context["frame"].navigation if link.url == page("chats")
        ]

    assert count() == [0]
    befriend(ann, eve)
    other, _created = Chat.objects.direct(by=ann, to=eve)
    for sender, where in ((bob, chat), (bob, chat), (eve, other)):
        where.post(by=sender, text="Hello!")
    assert count() == [2]
    chat.read(by=ann, seq=2)
    assert count() == [1]


# the room


def test_a_room_shows_the_history_oldest_first(window, ann, bob, chat, room):
    chat.post(by=ann, text="Hello!")
    chat.post(by=bob, text="Look: https://example.com/a?b=1&c=2.")
    chat.post(by=ann, text="Not this")
    chat.erase(by=ann, seq=3)
    chat.edit(by=ann, seq=1, text="Hello, Bob!")
    answer = window.get(room)
    link = '<a href="https://example.com/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow ugc">'
    looked = f"Look: {link}https://example.com/a?b=1&amp;c=2</a>."
    assert words_of(answer) == ["Hello, Bob!", looked, "Message deleted"]
    assert [line.own for line in answer.context["lines"]] == [True, False, True]
    assert [line.edited for line in answer.context["lines"]] == [True, False, False]
    assert [line.can_change for line in answer.context["lines"]] == [True, False, False]
    assert answer.context["title"] == "Bob Baker"
    assert json.loads(answer.context["names"]) == {str(bob.pk): "Bob Baker"}


def test_what_is_new_and_what_was_read_is_marked(window, ann, bob, chat, room):
    chat.post(by=ann, text="Hello!")
    chat.post(by=bob, text="Hello, Ann!")
    chat.post(by=bob, text="Are you there?")
    answer = window.get(room)
    assert [line.first_unread for line in answer.context["lines"]] == [False, True, False]
    assert answer.context["unread"] == "2"
    assert answer.context["lines"][0].read
    assert answer.context["read_up_to"] == "3"
    assert "ff-jump" not in text_of(answer)


def test_who_has_answered_has_read_what_came_before(window, ann, bob, chat, room):
    Privacy.objects.choose(ann, read_receipts=False)
    chat.post(by=ann, text="Hello!")
    chat.read(by=bob, seq=1)
    assert not window.get(room).context["lines"][0].read
    chat.post(by=bob, text="Hello, Ann!")
    chat.post(by=ann, text="How are you?")
    chat.read(by=bob, seq=3)
    answer = window.get(room)
    assert [line.read for line in answer.context["lines"] if line.own] == [True, False]
    assert answer.context["read_up_to"] == "2"


def test_news_that_begins_on_an_earlier_page_is_a_link_away(window, ann, bob, chat, room):
    Message.objects.bulk_create(
        Message(chat=chat, seq=seq, sender_id=bob.pk, text=f"No. {seq}") for seq in range(1, 301)
    )
    Chat.objects.update(last_seq=300)
    chat.read(by=ann, seq=60)
    shown = text_of(window.get(room))
    assert 'href="?before_seq=110#ff-news">240 new <' in shown
    assert "ff-first-unread" not in shown
    there = window.get(room, {"before_seq": 110})
    assert [line.seq for line in there.context["lines"] if line.first_unread] == ["61"]
    assert 'id="ff-news"' in text_of(there)
    assert "ff-jump" not in text_of(there)
    for read in (249, 250):  # the first of the page is news, or the last that is none
        chat.read(by=ann, seq=read)
        answer = window.get(room)
        assert answer.context["jump"] == (None if read == 250 else "299")
    assert [line.seq for line in answer.context["lines"] if line.first_unread] == ["251"]


def test_days_have_names(window, ann, chat, room):
    now = timezone.now()
    for days in (40, 1, 0, 0):
        message = chat.post(by=ann, text="Hello!")
        Message.objects.filter(pk=message.pk).update(created=now - timedelta(days=days))
    long_ago, yesterday, today, again = [line.day for line in window.get(room).context["lines"]]
    assert re.fullmatch(r"\w+\.? \d+, \d{4}", long_ago)
    assert (yesterday, today, again) == ("Yesterday", "Today", "")


def test_a_day_begins_where_the_browser_is(window, ann, chat, room):
    message = chat.post(by=ann, text="Hello!")
    Message.objects.filter(pk=message.pk).update(created="2026-03-01T23:30:00+00:00")
    for zone, day in (("Europe/London", "March 1, 2026"), ("Asia/Tokyo", "March 2, 2026")):
        window.cookies["find_friend_time_zone"] = zone
        assert window.get(room).context["lines"][0].day == day


def test_naive_times_are_those_of_the_site(settings):
    settings.USE_TZ = False
    assert lines.local(datetime(2026, 3, 1, 12)).isoformat() == "2026-03-01T12:00:00+03:00"


def test_earlier_messages_are_a_link_away(window, ann, chat, room):
    Message.objects.bulk_create(
        Message(chat=chat, seq=seq, sender_id=ann.pk, text=f"No. {seq}") for seq in range(1, 121)
    )
    Chat.objects.update(last_seq=120)
    newest = window.get(room)
    assert words_of(newest) == [f"No. {seq}" for seq in range(71, 121)]
    assert 'href="?before_seq=71"' in text_of(newest)
    before = window.get(room, {"before_seq": 71})
    assert words_of(before) == [f"No. {seq}" for seq in range(21, 71)]
    assert "To the newest messages" in text_of(before)
    assert "<textarea" not in text_of(before)
    part = window.get(room, {"before_seq": 21}, headers={"Find-Friend-Part": "messages"})
    assert words_of(part) == [f"No. {seq}" for seq in range(1, 21)]
    assert "<html" not in text_of(part)
    assert "before_seq" not in text_of(part)
    assert "Find-Friend-Part" in part["Vary"]


@pytest.mark.parametrize("before", ["", "x", "-1", "1.5", "9" * 19, "\0", "٣"])
def test_a_place_in_the_history_that_is_none_is_no_page(window, room, before):
    assert window.get(room, {"before_seq": before}).status_code == 404


def test_a_room_costs_the_same_whatever_its_length(window, ann, bob, chat, room):
    chat.post(by=bob, text="Hello!")
    window.get(room)
    few = cost(window, room)
    Message.objects.bulk_create(
        Message(chat=chat, seq=seq, sender_id=(ann.pk, bob.pk)[seq % 2], text="Hi") for seq in range(2, 1001)
    )
    Chat.objects.update(last_seq=1000)
    assert cost(window, room) == few


@pytest.mark.parametrize("key", ["0", "x", "9" * 30, "-1", "%00"])
def test_a_chat_that_is_none_is_no_page(window, chat, key):
    answer = window.get(f"/chats/{key}/")
    assert answer.status_code == 404
    assert "There is no such chat." in text_of(answer)
    assert f'href="{page("chats")}">All chats</a>' in text_of(answer)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["", "read/", "messages/1/edit/", "messages/1/delete/"])
def test_strangers_see_nothing(browser, eve, ann, chat, room, path, method):
    chat.post(by=ann, text="Secret")
    answer = getattr(browser(eve), method)(room + path)
    assert answer.status_code == 403
    assert "Secret" not in text_of(answer)


def test_a_stranger_who_asks_too_often_sees_nothing_either(browser, eve, ann, chat, room, configure):
    configure(THROTTLE_RATES={"message": "1/hour"})
    stranger = browser(eve)
    for path in ("", "messages/1/edit/", "messages/1/delete/") * 2:
        assert stranger.post(room + path, {"text": "Hi"}).status_code in (403, 404)


def test_sockets_of_the_same_host_are_allowed(window, chat, room):
    assert "connect-src 'self' ws://testserver wss://testserver;" in window.get(room)["Content-Security-Policy"]
    secure = window.get(room, secure=True)["Content-Security-Policy"]
    assert "connect-src 'self' wss://testserver;" in secure
    assert "connect-src 'self';" in window.get(page("chats"))["Content-Security-Policy"]


def test_the_socket_is_beside_the_site(window, chat, room):
    assert f'data-socket="/ws/chat/{chat.pk}/"' in text_of(window.get(room))
    view, before = RoomView(), get_script_prefix()
    view.chat = chat
    try:
        set_script_prefix("/club/")
        assert view.get_socket_path() == f"/club/ws/chat/{chat.pk}/"
    finally:
        set_script_prefix(before)


def test_the_pages_have_nothing_inline(window, ann, bob, chat, room):
    chat.post(by=ann, text="Hello!")
    for path in (room, page("chats"), page("privacy"), page("edit", chat.pk, 1), page("delete", chat.pk, 1)):
        shown = window.get(path).content.decode()
        assert re.findall(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", shown) == []


# writing


def write(client, room, text, client_id=None, **more):
    return client.post(room, {"text": text, "client_id": client_id or uuid4()}, **more)


def test_a_form_writes_a_message(window, ann, chat, room):
    form = re.search(r'name="client_id" value="([^"]+)"', text_of(window.get(room)))
    answer = write(window, room, "Two\r\nlines ", form[1], follow=True)
    assert answer.redirect_chain == [(room, 302)]
    assert words_of(answer) == ["Two\nlines "]
    message = chat.messages.get()
    assert (message.sender, message.text, str(message.client_id)) == (ann, "Two\nlines ", form[1])


def test_a_form_that_is_sent_twice_writes_one(window, chat, room):
    key = uuid4()
    for text in ("Hello!", "Hello!", "Another", "Another", "Hello!"):
        assert write(window, room, text, key).status_code == 302
    assert list(chat.messages.order_by("seq").values_list("text", flat=True)) == ["Hello!", "Another"]


def test_a_form_without_its_number_writes_too(window, chat, room):
    assert window.post(room, {"text": "Hello!", "client_id": "nonsense"}).status_code == 302
    assert window.post(room, {"text": "Hello!"}).status_code == 302
    assert list(chat.messages.values_list("client_id", flat=True)) == [None, None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "This field is required."),
        (" \n ", "This field may not be blank."),
        ("x" * 1001, "Ensure this value has at most 1000 characters"),
        ("a\0b", "Null characters are not allowed."),
    ],
)
def test_texts_are_checked_as_by_the_api(window, chat, room, text, words):
    answer = write(window, room, text)
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert not chat.messages.exists()


def test_who_writes_too_often_keeps_the_text(window, ann, chat, room, configure):
    configure(THROTTLE_RATES={"message": "1/hour"})
    assert throttling.hit("message", f"user {ann.pk}") is None
    key = uuid4()
    answer = write(window, room, "Kept <b>", key)
    assert answer.status_code == 429
    shown = text_of(answer)
    assert "That was a little too often." in shown
    assert "Kept &lt;b&gt;</textarea>" in shown
    assert f'value="{key}"' in shown


def test_a_forged_form_writes_nothing(ann, chat, room):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    assert write(client, room, "Forged").status_code == 403
    assert not chat.messages.exists()


class Topic(MessageSerializer):
    topic = serializers.CharField(required=False, write_only=True)

    def validate(self, values):
        values.pop("topic", None)
        return values


def test_a_field_that_the_site_adds_is_in_the_form(window, chat, room, configure):
    configure(SERIALIZERS={"message": f"{__name__}.Topic"})
    assert 'name="topic"' in text_of(window.get(room))
    assert write(window, room, "Hello!").status_code == 302


class Nobody(Policy):
    def may_message(self, user, other):
        return False


class Hermits(Nobody):
    def visible_users(self, queryset, viewer):
        return queryset.none()


def test_an_ended_chat_can_be_read_and_not_be_written(window, ann, chat, room, configure):
    chat.post(by=ann, text="Farewell")
    configure(POLICY=f"{__name__}.Nobody")
    answer = window.get(room)
    assert [line.can_change for line in answer.context["lines"]] == [False]
    assert words_of(answer) == ["Farewell"]
    assert "This chat has ended." in text_of(answer)
    assert "<textarea" not in text_of(answer)
    refused = write(window, room, "Come back!")
    assert refused.status_code == 403
    assert chat.messages.count() == 1


@pytest.mark.needs("accounts")
def test_an_ended_chat_leads_to_the_person(window, bob, chat, room, configure):
    configure(POLICY=f"{__name__}.Nobody")
    person = escape(reverse("find_friend_accounts_pages:person", args=[bob.pk]))
    assert f'<a href="{person}">To the page of Bob Baker</a>' in text_of(window.get(room))


def test_a_chat_that_one_has_ended_by_a_block_leads_to_the_blocks(window, browser, ann, bob, chat, room):
    Block.objects.block(by=ann, user=bob)
    blocks = reverse("find_friend_friends_pages:blocks")
    assert f'<a href="{blocks}">Blocked people</a>' in text_of(window.get(room)).split("ff-closed")[1]
    other = text_of(browser(bob).get(room)).split("ff-closed")[1]
    assert "Blocked people" not in other
    assert "To the page" not in other
    ann.delete()
    assert browser(bob).get(room).context["blocks"] is None


def test_somebody_who_may_not_be_seen_has_no_name(window, chat, room, configure):
    configure(POLICY=f"{__name__}.Hermits")
    shown = text_of(window.get(room))
    assert "Bob" not in shown
    assert "Somebody" in shown


def test_people_without_a_name_are_called_something():
    assert lines.name_of({"first_name": "", "last_name": ""}) == "No name"


# changing


def test_a_message_is_edited_in_a_form(window, ann, chat, room):
    chat.post(by=ann, text="Helo!")
    path = page("edit", chat.pk, 1)
    assert "Helo!</textarea>" in text_of(window.get(path))
    assert window.post(path, {"text": ""}).status_code == 200
    assert window.post(path, {"text": "Hello!"})["Location"] == room
    message = chat.messages.get()
    assert message.text == "Hello!"
    assert message.edited_at is not None


def test_a_message_is_deleted_after_a_question(window, ann, chat, room):
    chat.post(by=ann, text="Oh <no>")
    path = page("delete", chat.pk, 1)
    asked = text_of(window.get(path))
    assert "Delete this message?" in asked
    assert "Oh &lt;no&gt;" in asked
    assert chat.messages.get().deleted_at is None
    for _ in range(2):  # a double click
        assert window.post(path)["Location"] == room
    assert chat.messages.get().text == ""
    assert window.get(page("edit", chat.pk, 1)).status_code == 404


@pytest.mark.parametrize("name", ["edit", "delete"])
def test_messages_of_others_are_not_changed(window, bob, chat, name):
    chat.post(by=bob, text="Mine")
    assert window.post(page(name, chat.pk, 1), {"text": "Yours"}).status_code == 403
    for seq in ("2", "0", "x", "9" * 30):
        assert window.post(page(name, chat.pk, seq), {"text": "Yours"}).status_code == 404
    assert chat.messages.get().text == "Mine"


@pytest.mark.parametrize("name", ["edit", "delete"])
def test_an_old_message_stays(window, ann, chat, room, name, configure):
    configure(CHAT_EDIT_WINDOW=timedelta(0))
    chat.post(by=ann, text="Old")
    assert [line.can_change for line in window.get(room).context["lines"]] == [False]
    answer = window.post(page(name, chat.pk, 1), {"text": "New"})
    assert answer.status_code == 409
    assert "can no longer be changed" in text_of(answer)


@pytest.mark.parametrize("name", ["edit", "delete"])
def test_nothing_is_changed_in_an_ended_chat(window, ann, chat, name, configure):
    chat.post(by=ann, text="Farewell")
    configure(POLICY=f"{__name__}.Nobody")
    for answer in (window.get(page(name, chat.pk, 1)), window.post(page(name, chat.pk, 1), {"text": "?"})):
        assert answer.status_code == 403
        assert "You may not write in this chat any more." in text_of(answer)
    assert chat.messages.get().text == "Farewell"


def test_a_button_marks_as_read(window, ann, bob, chat, room):
    chat.post(by=bob, text="Hello!")
    assert "Mark as read" in text_of(window.get(room))
    path = page("read", chat.pk)
    window.get(path)
    assert chat.membership(ann).read_seq == 0
    for seq in ("x", "", "9" * 30):
        assert window.post(path, {"seq": seq}).status_code == 400
        assert chat.membership(ann).read_seq == 0
    assert window.post(path, {"seq": "1"})["Location"] == room
    assert chat.membership(ann).read_seq == 1
    assert "Mark as read" not in text_of(window.get(room))


# starting


def start(client, other, **more):
    return client.post(page("start", getattr(other, "pk", other)), more)


def test_a_button_starts_a_chat_or_finds_it(window, browser, ann, bob, befriend):
    befriend(ann, bob)
    assert window.get(page("start", bob.pk))["Location"] == page("chats")
    assert not Chat.objects.exists()
    first = start(window, bob)["Location"]
    assert first == page("room", Chat.objects.get().pk)
    assert start(window, bob)["Location"] == start(browser(bob), ann)["Location"] == first


def test_a_chat_is_not_started_with_everybody(window, ann, bob, configure):
    for other in ("x", "0", uuid4()):
        assert start(window, other).status_code == 404
    configure(POLICY=f"{__name__}.Nobody")
    answer = start(window, bob)
    assert answer.status_code == 403
    assert "To start a chat you must be friends with Bob Baker." in text_of(answer)
    answer = start(window, ann, next="/chats/privacy/")
    assert answer["Location"] == "/chats/privacy/"
    assert "You cannot start a chat with yourself." in text_of(window.get("/chats/privacy/"))
    assert not Chat.objects.exists()


class Unknown(Policy):
    def may_know_of(self, user, other):
        return False


def test_who_is_hidden_is_answered_as_nobody(window, bob, configure):
    configure(POLICY=f"{__name__}.Unknown")
    hidden, nobody = start(window, bob), start(window, uuid4())
    assert hidden.status_code == nobody.status_code == 404
    assert hidden.context["detail"] == nobody.context["detail"]
    assert hidden.context["code"] == nobody.context["code"]


def actions(rf, user, other, relationship):
    request = rf.get("/")
    request.user = user
    return [
        (link.url, link.method)
        for link in ChatParts().person_actions(request, {"id": other.pk, "relationship": relationship})
    ]


def test_a_person_can_be_written_to(rf, ann, bob, configure):
    wanted = [(page("start", bob.pk), "post")]
    configure(POLICY="find_friend.policies.Policy")
    assert actions(rf, ann, bob, "friends") == actions(rf, ann, bob, "none") == wanted
    assert actions(rf, ann, ann, "self") == actions(rf, ann, bob, "blocked") == []
    configure(POLICY=f"{__name__}.Nobody")
    assert actions(rf, ann, bob, "none") == []


def test_a_card_in_a_list_asks_the_database_nothing(rf, ann, bob, django_assert_num_queries):
    request = rf.get("/")
    request.user = ann
    with django_assert_num_queries(0):
        for relationship, labels in (("friends", ["Write"]), ("none", []), ("blocked", [])):
            found = ChatParts().card_actions(request, {"id": bob.pk, "relationship": relationship})
            assert [str(link.label) for link in found] == labels


@pytest.mark.needs("friends")
def test_a_friend_in_the_list_is_written_to_first(window, bob, chat):
    shown = text_of(window.get("/friends/"))
    assert shown.index(f'action="{escape(page("start", bob.pk))}"') < shown.index("Unfriend")


def test_the_start_page_says_what_waits(rf, ann, bob, eve, chat, befriend):
    def news():
        request = rf.get("/")
        request.user = ann
        return [(link.label, link.url) for link in ChatParts().news(request)]

    assert news() == []
    chat.post(by=bob, text="Hello!")
    assert news() == [("Unread messages in 1 chat", page("chats"))]
    befriend(ann, eve)
    Chat.objects.direct(by=eve, to=ann)[0].post(by=eve, text="Hello!")
    assert news() == [("Unread messages in 2 chats", page("chats"))]


def test_without_its_urls_chat_adds_nothing(rf, ann, bob, settings):
    settings.ROOT_URLCONF = "tests.apps.chat.metrics_urls"
    assert actions(rf, ann, bob, "friends") == []


# privacy


def test_privacy_is_chosen_in_a_form(window, ann):
    path = page("privacy")
    assert text_of(window.get(path)).count(" checked") == 3
    answer = window.post(path, {"typing": "on"}, follow=True)
    assert "Saved." in text_of(answer)
    chosen = Privacy.objects.of(ann)
    assert (chosen.read_receipts, chosen.typing, chosen.presence) == (False, True, False)
    assert text_of(window.get(path)).count(" checked") == 1


def test_privacy_stands_beside_the_account(window, rf, ann):
    request = rf.get("/")
    request.user = ann
    assert page("privacy") in [link.url for link in collected("account_links", request)]


def test_who_may_not_take_part_sees_no_chats(window, chat, room, configure):
    configure(POLICY=f"{__name__}.Outside")
    for path in (room, page("chats"), page("privacy")):
        assert window.get(path).status_code == 403


class Outside(Policy):
    def may_take_part(self, user):
        return False


# links in texts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no link", []),
        ("", []),
        ("https://example.com", ["https://example.com"]),
        (
            "See http://example.com/a_(b), or (https://example.com/c).",
            ["http://example.com/a_(b)", "https://example.com/c"],
        ),
        ("HTTPS://EXAMPLE.COM/!", ["HTTPS://EXAMPLE.COM/"]),
        ("привет https://пример.рф/путь?a=1&b=2…", ["https://пример.рф/путь?a=1&b=2"]),
        ("javascript:alert(1) data:text/html,x ftp://example.com www.example.com mailto:a@b.c", []),
        ("xhttps://example.com https:// http://...", []),
        ("http://[::1 http://[nonsense]/", []),
        ("https://example.com/\u202egnp.exe", ["https://example.com/"]),
        ('https://example.com/"onclick="x', ["https://example.com/"]),
        ("https://example.com/<script>", ["https://example.com/"]),
    ],
)
def test_only_addresses_of_the_web_become_links(text, found):
    cut = pieces(text)
    assert [piece.text for piece in cut if piece.is_link] == found
    assert "".join(piece.text for piece in cut) == text


@pytest.mark.parametrize("text", [*OFFERED, "👍🏽", "👨‍👩‍👧‍👦🏳️‍🌈", " 🇵🇹 🏴󠁧󠁢󠁥󠁮󠁧󠁿\n3️⃣ "])
def test_a_few_emoji_are_shown_big(text):
    assert are_few(text)


@pytest.mark.parametrize(
    "text", ["", " ", "3", "#", "👍 well", "🙂🙂🙂🙂", "‍", "👍‍", "🇵", " " * 5000 + "x", "❤" + " " * 5000]
)
def test_other_texts_are_not(text):
    assert are_few(text) is (text.strip() == "❤")


def test_a_chat_is_enough_to_block_somebody(ann, bob, eve, chat, configure):
    configure(POLICY=f"{__name__}.Outside")
    assert policy().may_block(ann, bob)
    assert not policy().may_block(ann, eve)
