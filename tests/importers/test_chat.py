"""Chats and messages out of databases that other packages made."""

import pytest

from find_friend.chat.models import Chat, Membership, Message
from tests.importers.stopping import stop_after

pytestmark = pytest.mark.django_db

THEIRS = ("chat", "django-private-chat2", "--match=email")
ORIGINAL = ("chat", "find-friend-backend")


@pytest.fixture
def site(old, people):
    """A site that everybody of the dump has come to, but one who was called gone."""
    return old("django_private_chat2"), people("ann", "bob", "eve")


@pytest.fixture
def original(old, people):
    return old("find_friend_backend"), people("anna", "vasily", "ivan", "maria", "oleg")


def name(user):
    return user and user.email.partition("@")[0]


def talks():
    """The texts of each chat in their order, by the names of its members."""
    found = {}
    for chat in Chat.objects.order_by("pk"):
        messages = list(chat.messages.order_by("seq"))
        assert [message.seq for message in messages] == list(range(1, chat.last_seq + 1))
        members = f"{name(chat.initiator)}-{name(chat.receiver)}"
        assert members not in found
        found[members] = [(name(message.sender), message.text) for message in messages]
    return found


def unread():
    places = Membership.objects.select_related("chat", "user")
    return {(place.chat_id, name(place.user)): place.unread_count for place in places}


def everything():
    return talks(), unread(), sorted(Message.objects.values_list("pk", "created", "client_id", "deleted_at"))


@pytest.mark.usefixtures("site")
def test_messages_keep_their_order_and_deleted_ones_their_place(run):
    run(*THEIRS)
    assert talks() == {
        "ann-bob": [("ann", "Hello Bob"), ("bob", "Hello Ann"), ("ann", ""), ("ann", "Are you there?")],
        "bob-eve": [("bob", "Hello Eve"), ("bob", "user_3/map.pdf")],
        "eve-ann": [("eve", "Anybody?")],
    }


def test_the_text_of_a_deleted_message_stays_behind(site, run):
    connection, _people = site
    run(*THEIRS)
    removed = Message.objects.get(deleted_at__isnull=False)
    ((created, modified),) = connection.execute(
        "SELECT created, modified FROM django_private_chat2_messagemodel WHERE is_removed"
    )
    assert removed.text == ""
    assert removed.seq == 3
    assert removed.created.strftime("%Y-%m-%d %H:%M:%S.%f") == created
    assert removed.deleted_at.strftime("%Y-%m-%d %H:%M:%S.%f") == modified


def test_what_was_read_is_read(site, run):
    _connection, (ann, bob, eve) = site
    run(*THEIRS)
    with_bob, with_eve = Chat.objects.get(initiator=ann, receiver=bob), Chat.objects.get(initiator=eve, receiver=ann)
    from_bob = Chat.objects.get(initiator=bob, receiver=eve)
    assert unread() == {
        (with_bob.pk, "ann"): 0,
        (with_bob.pk, "bob"): 2,  # the deleted one, which nobody had read, and what followed
        (from_bob.pk, "bob"): 0,
        (from_bob.pk, "eve"): 2,
        (with_eve.pk, "eve"): 0,
        (with_eve.pk, "ann"): 0,
    }


def test_the_time_of_a_chat_is_that_of_its_newest_message(site, run):
    _connection, (ann, bob, _eve) = site
    run(*THEIRS)
    chat = Chat.objects.get(initiator=ann, receiver=bob)
    assert chat.modified == chat.messages.get(seq=4).created


@pytest.mark.usefixtures("site")
def test_what_is_left_out_is_told_with_its_reason(run):
    assert run(*THEIRS) == [
        "chats: 5 read, 2 added, 1 there already",
        "  1 skipped: a user who is not here (3)",
        "  1 skipped: somebody and themselves (4)",
        "messages: 9 read, 7 added, 0 there already",
        "  1 skipped: a user who is not here (6)",
        "  1 skipped: somebody and themselves (7)",
    ]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("size", [1, 2, 500])
def test_the_size_of_batches_changes_nothing_and_a_second_run_adds_nothing(run, size):
    run(*THEIRS, f"--batch-size={size}")
    first = everything()
    assert len(first[2]) == 7
    again = run(*THEIRS, f"--batch-size={size}")
    assert everything() == first
    assert [line for line in again if " 0 added" not in line and "skipped" not in line] == []


@pytest.mark.usefixtures("site")
def test_a_dry_run_tells_what_a_run_does_and_changes_nothing(run):
    said = run(*THEIRS, "--dry-run", "--batch-size=2")
    assert everything() == ({}, {}, [])
    assert [line.replace("to add", "added") for line in said[1:]] == run(*THEIRS, "--batch-size=2")


@pytest.mark.usefixtures("site")
def test_an_interrupted_run_goes_on_where_it_stopped(run):
    with stop_after(Message, 2), pytest.raises(KeyboardInterrupt):
        run(*THEIRS, "--batch-size=2")
    assert Message.objects.count() == 4
    run(*THEIRS, "--batch-size=2")
    interrupted = talks(), [place for _key, place in sorted(unread().items())]
    Chat.objects.all().delete()
    run(*THEIRS)
    assert interrupted == (talks(), [place for _key, place in sorted(unread().items())])


def test_messages_that_came_later_get_the_next_numbers(site, run, befriend):
    connection, (ann, bob, _eve) = site
    run(*THEIRS)
    befriend(ann, bob)
    chat = Chat.objects.get(initiator=ann, receiver=bob)
    chat.post(by=bob, text="I am here now")
    newest = chat.messages.get(seq=5).created
    connection.execute(
        "INSERT INTO django_private_chat2_messagemodel "
        "VALUES ('2026-01-01', '2026-01-01', 0, 90, 'Late', 0, 2, 3, NULL)"
    )
    run(*THEIRS)
    chat.refresh_from_db()
    assert talks()["ann-bob"][3:] == [("ann", "Are you there?"), ("bob", "I am here now"), ("bob", "Late")]
    assert chat.modified == newest


def test_the_chat_goes_on(site, run, befriend, api):
    _connection, (ann, bob, _eve) = site
    run(*THEIRS)
    befriend(ann, bob)
    chat, new = Chat.objects.direct(by=bob, to=ann)
    assert not new
    shown = api(ann).get(f"/api/v1/chats/{chat.pk}/messages/").json()["results"]
    assert [message["text"] for message in shown] == ["Are you there?", "", "Hello Ann", "Hello Bob"]
    assert api(bob).post(f"/api/v1/chats/{chat.pk}/messages/", {"text": "Yes"}).json()["seq"] == 5


def test_another_old_database_has_other_messages(site, run):
    connection, _people = site
    run(*THEIRS)
    connection.execute("UPDATE django_private_chat2_messagemodel SET created = '2020-02-03 04:05:06.000007'")
    assert "messages: 9 read, 7 added, 0 there already" in run(*THEIRS)


def test_the_number_of_queries_follows_batches_and_not_rows(site, run, django_assert_max_num_queries):
    with django_assert_max_num_queries(40):
        run(*THEIRS)


# the original


@pytest.mark.usefixtures("original")
def test_the_original_had_two_chats_of_one_pair(run):
    assert run(*ORIGINAL) == [
        "chats: 5 read, 3 added, 1 there already",
        "  1 skipped: somebody and themselves (5)",
        "messages: 8 read, 7 added, 0 there already",
        "  1 skipped: a sender who is no member of the chat (8)",
    ]
    assert talks() == {
        "anna-vasily": [
            ("anna", "Привет!"),
            ("vasily", "Ну привет, коль не шутишь!"),
            ("vasily", "Это второй чат"),
            ("anna", "Вижу"),
        ],
        "vasily-ivan": [("ivan", "Здравствуйте")],
        "None-anna": [(None, "Пока"), ("anna", "Не уходи")],
    }
    assert set(unread().values()) == {0}
    first = everything()
    run(*ORIGINAL, "--batch-size=1")
    assert everything() == first


def test_the_chat_of_somebody_who_left_can_be_read_and_not_written(original, run, api):
    _connection, (anna, *_others) = original
    run(*ORIGINAL)
    chat = Chat.objects.get(initiator=None)
    address = f"/api/v1/chats/{chat.pk}/"
    assert api(anna).get(address).json()["initiator"] is None
    assert api(anna).post(f"{address}messages/", {"text": "Hello?"}).status_code == 403


@pytest.mark.usefixtures("original")
def test_texts_of_those_who_left_are_emptied_where_the_site_wants_that(run, configure):
    configure(ERASE_MESSAGES_OF_DELETED_USERS=True)
    run(*ORIGINAL)
    assert talks()["None-anna"] == [(None, ""), ("anna", "Не уходи")]


def test_a_chat_of_which_everybody_left_is_not_taken_over(original, run):
    connection, _people = original
    connection.execute("UPDATE chat_chat SET receiver_id = NULL WHERE initiator_id IS NULL")
    connection.execute("UPDATE chat_message SET chat_id = 99 WHERE id = 8")
    said = run(*ORIGINAL)
    assert "  1 skipped: a chat of which everybody is gone (3)" in said
    assert "  3 skipped: a chat of which everybody is gone (4, 5, 8)" in said
    assert "None-None" not in talks()
