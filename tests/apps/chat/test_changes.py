"""Editing and deleting one's own messages."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from find_friend.chat import signals
from find_friend.chat.exceptions import ChatNotThere, MessageNotThere, NotMember, NotSender, PostNotAllowed, TooLate
from find_friend.chat.models import Chat, Message, MessageEvent
from find_friend.exceptions import EmailNotVerified
from find_friend.friends.models import Friendship

pytestmark = pytest.mark.django_db


@pytest.fixture
def news(django_capture_on_commit_callbacks):
    """``news(call)`` makes a call, commits, and gives which messages listeners heard of, by signal."""

    def listen(call):
        heard = []

        def edited(sender, message, **kwargs):
            heard.append(("edited", message.seq, message.text))

        def deleted(sender, message, **kwargs):
            heard.append(("deleted", message.seq, message.text))

        signals.message_edited.connect(edited)
        signals.message_deleted.connect(deleted)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                call()
        finally:
            signals.message_edited.disconnect(edited)
            signals.message_deleted.disconnect(deleted)
        return heard

    return listen


def address(chat, seq):
    return reverse("find_friend_chat:chat-message", args=[chat.pk, seq])


def events(chat):
    return list(chat.events.order_by("number").values_list("number", "message__seq"))


def age(message, **kwargs):
    Message.objects.filter(pk=message.pk).update(created=timezone.now() - timedelta(**kwargs))


def test_an_edited_message_keeps_its_place(chat, ann, bob, news):
    first, second = chat.post(by=ann, text="helo"), chat.post(by=bob, text="hi")
    before = Chat.objects.get()
    assert news(lambda: chat.edit(by=ann, seq=1, text="hello")) == [("edited", 1, "hello")]
    edited = Message.objects.get(pk=first.pk)
    assert (edited.seq, edited.text, edited.created, edited.deleted_at) == (1, "hello", first.created, None)
    assert edited.edited_at >= first.created
    assert edited.event.number == 1
    assert not MessageEvent.objects.filter(message=second).exists()
    after = Chat.objects.get()
    assert (after.last_seq, after.last_event, after.modified) == (2, 1, before.modified)


def test_a_deleted_message_keeps_its_place_and_no_text(chat, ann, news):
    chat.post(by=ann, text="secret")
    assert news(lambda: chat.erase(by=ann, seq=1)) == [("deleted", 1, "")]
    message = Message.objects.get()
    assert (message.seq, message.text, message.edited_at) == (1, "", None)
    assert message.deleted_at >= message.created
    assert chat.post(by=ann, text="next").seq == 2


def test_the_same_change_again_changes_nothing(chat, ann, news):
    chat.post(by=ann, text="a")
    assert news(lambda: chat.edit(by=ann, seq=1, text="a")) == []
    assert Message.objects.get().edited_at is None
    assert len(news(lambda: chat.edit(by=ann, seq=1, text="b"))) == 1
    assert news(lambda: chat.edit(by=ann, seq=1, text="b")) == []
    assert len(news(lambda: chat.erase(by=ann, seq=1))) == 1
    gone = Message.objects.get().deleted_at
    assert news(lambda: chat.erase(by=ann, seq=1)) == []
    assert Message.objects.get().deleted_at == gone
    assert events(chat) == [(2, 1)]


def test_a_message_keeps_only_its_newest_number(chat, ann):
    for text in "abc":
        chat.post(by=ann, text=text)
    assert chat.edit(by=ann, seq=1, text="x").event.number == 1
    assert chat.edit(by=ann, seq=2, text="x").event.number == 2
    assert chat.edit(by=ann, seq=1, text="y").event.number == 3
    assert chat.erase(by=ann, seq=3).event.number == 4
    assert events(chat) == [(2, 2), (3, 1), (4, 3)]
    chat.refresh_from_db()
    assert (chat.last_seq, chat.last_event) == (3, 4)


def test_another_object_of_the_chat_counts_on(chat, ann):
    chat.post(by=ann, text="a")
    chat.edit(by=ann, seq=1, text="b")
    assert Chat.objects.get().edit(by=ann, seq=1, text="c").event.number == 2
    assert chat.edit(by=ann, seq=1, text="d").event.number == 3


def edit(chat, **who):
    return chat.edit(text="x", **who)


@pytest.mark.parametrize("change", [edit, Chat.erase])
class TestRefusals:
    @pytest.fixture(autouse=True)
    def _message(self, chat, ann):
        chat.post(by=ann, text="hello")
        yield
        assert set(Message.objects.values_list("text", "edited_at", "deleted_at")) <= {("hello", None, None)}
        assert not MessageEvent.objects.exists()
        assert set(Chat.objects.values_list("last_event", flat=True)) <= {0}

    def test_others_change_nothing(self, chat, bob, eve, change):
        with pytest.raises(NotSender):
            change(chat, by=bob, seq=1)
        with pytest.raises(NotMember):
            change(chat, by=eve, seq=1)

    def test_a_message_has_to_be_there(self, chat, ann, change):
        for seq in (0, 2, 10**17):
            with pytest.raises(MessageNotThere):
                change(chat, by=ann, seq=seq)

    def test_after_a_while_it_is_too_late(self, chat, ann, change, configure):
        message = Message.objects.get()
        age(message, days=2, seconds=1)
        with pytest.raises(TooLate):
            change(chat, by=ann, seq=1)
        configure(CHAT_EDIT_WINDOW=timedelta(0))
        age(message, seconds=1)
        with pytest.raises(TooLate):
            change(chat, by=ann, seq=1)

    @pytest.mark.needs("accounts", "friends")
    def test_who_may_not_post_may_not_change(self, chat, ann, bob, change, configure):
        configure(EMAIL_VERIFICATION="required")
        with pytest.raises(EmailNotVerified):
            change(chat, by=ann, seq=1)
        configure(EMAIL_VERIFICATION="off")
        Friendship.objects.unfriend(by=bob, friend=ann)
        with pytest.raises(PostNotAllowed):
            change(chat, by=ann, seq=1)

    def test_the_chat_has_to_be_there(self, chat, ann, change):
        Chat.objects.filter(pk=chat.pk).delete()
        with pytest.raises(ChatNotThere):
            change(chat, by=ann, seq=1)


def test_nearly_two_days_are_not_too_late(chat, ann):
    age(chat.post(by=ann, text="a"), days=1, hours=23)
    assert chat.edit(by=ann, seq=1, text="b").text == "b"


def test_a_deleted_message_is_not_edited(chat, ann):
    chat.post(by=ann, text="a")
    chat.erase(by=ann, seq=1)
    with pytest.raises(MessageNotThere):
        chat.edit(by=ann, seq=1, text="")
    assert Message.objects.get().text == ""


def test_a_repeated_client_id_finds_the_changed_message(chat, ann):
    """The answer was lost, the message changed from another device, and the first device sends again."""
    client_id = uuid.uuid4()
    chat.post(by=ann, text="helo", client_id=client_id)
    chat.edit(by=ann, seq=1, text="hello")
    again = chat.post(by=ann, text="helo", client_id=client_id)
    assert (again.is_repeat, again.text) == (True, "hello")
    chat.erase(by=ann, seq=1)
    again = chat.post(by=ann, text="helo", client_id=client_id)
    assert (again.is_repeat, again.text) == (True, "")
    assert Message.objects.count() == 1


def test_changes_go_with_the_chat(chat, ann):
    chat.post(by=ann, text="a")
    message = chat.edit(by=ann, seq=1, text="b")
    assert str(message.event) == f"{chat.pk} – 1"
    Chat.objects.all().delete()
    assert not MessageEvent.objects.exists()


# over HTTP


def test_edit_over_http(api, chat, ann, bob):
    client_id = str(uuid.uuid4())
    chat.post(by=ann, text="helo", client_id=uuid.UUID(client_id))
    answer = api(ann).patch(address(chat, 1), {"text": "hello"}, format="json")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown.keys() == {"id", "seq", "sender", "text", "timestamp", "edited_at", "deleted_at", "client_id"}
    assert (shown["seq"], shown["text"], shown["client_id"], shown["deleted_at"]) == (1, "hello", client_id, None)
    assert shown["edited_at"] > shown["timestamp"]
    assert api(ann).patch(address(chat, 1), {"text": "hello"}, format="json").json() == shown
    (seen,) = api(bob).get(f"/api/v1/chats/{chat.pk}/messages/").json()["results"]
    assert seen == {key: value for key, value in shown.items() if key != "client_id"}


def test_delete_over_http(api, chat, ann, bob):
    chat.post(by=ann, text="secret")
    client = api(ann)
    for _ in range(2):
        answer = client.delete(address(chat, 1))
        assert (answer.status_code, answer.content) == (204, b"")
    (seen,) = api(bob).get(f"/api/v1/chats/{chat.pk}/messages/").json()["results"]
    assert (seen["seq"], seen["text"], seen["edited_at"]) == (1, "", None)
    assert seen["deleted_at"] > seen["timestamp"]
    assert api(bob).get("/api/v1/chats/").json()[0]["last_message"]["text"] == ""
    shown = api(bob).get(f"/api/v1/chats/{chat.pk}/").json()["chat_messages"]
    assert [message.keys() for message in shown] == [{"id", "sender", "text", "timestamp"}]
    answer = client.patch(address(chat, 1), {"text": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "message_not_found")


def refusals(client, chat, seq):
    """Status and code of an edit and of a deletion."""
    answers = client.patch(address(chat, seq), {"text": "x"}, format="json"), client.delete(address(chat, seq))
    return {(answer.status_code, answer.json()["code"]) for answer in answers}


def test_refusals_over_http(api, chat, ann, bob, eve, staff):
    message = chat.post(by=ann, text="hello")
    assert refusals(api(bob), chat, 1) == {(403, "not_sender")}
    for user in (eve, staff):
        assert refusals(api(user), chat, 1) == {(403, "not_member")}
    for seq in ("0", "2", "x", "-1", "9" * 40, "1.0"):
        assert refusals(api(ann), chat, seq) == {(404, "message_not_found")}
    chat.pk += 1
    assert refusals(api(ann), chat, 1) == {(404, "chat_not_found")}
    chat.pk -= 1
    age(message, days=3)
    assert refusals(api(ann), chat, 1) == {(409, "too_late")}
    message.refresh_from_db()
    assert (message.text, message.edited_at, message.deleted_at) == ("hello", None, None)


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "  "}, {"text": None}, {"text": "x" * 1001}, [], 5])
def test_a_bad_text_is_a_bad_request(api, chat, ann, body):
    chat.post(by=ann, text="hello")
    assert api(ann).patch(address(chat, 1), body, format="json").status_code == 400
    assert Message.objects.get().text == "hello"


def test_changes_are_limited_like_messages(api, chat, ann, configure):
    configure(THROTTLE_RATES={"message": "2/min"})
    chat.post(by=ann, text="a")
    client = api(ann)
    answers = [
        client.patch(address(chat, 1), {"text": "b"}, format="json"),
        client.delete(address(chat, 1)),
        client.delete(address(chat, 1)),
    ]
    assert [answer.status_code for answer in answers] == [200, 204, 429]
