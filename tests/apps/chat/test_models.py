import uuid

import pytest
from django.db import IntegrityError, transaction

from find_friend.chat import signals
from find_friend.chat.exceptions import (
    ChatNotThere,
    ClientIdReused,
    NotFriends,
    NotMember,
    PostNotAllowed,
    ReceiverNotThere,
    SelfChat,
)
from find_friend.chat.models import Chat, Membership, Message
from find_friend.exceptions import EmailNotVerified
from find_friend.friends.models import Block, Friendship

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(django_capture_on_commit_callbacks):
    """``heard(signal, call)`` makes a call, commits, and gives what the signal told."""

    def listen(signal, call):
        news = []

        def receiver(sender, **named):
            news.append({key: value for key, value in named.items() if key != "signal"})

        signal.connect(receiver)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                call()
        finally:
            signal.disconnect(receiver)
        return news

    return listen


def test_two_friends_have_one_chat_whoever_begins(ann, bob, befriend):
    befriend(ann, bob)
    chat, created = Chat.objects.direct(by=ann, to=bob)
    assert created
    assert (chat.initiator, chat.receiver) == (ann, bob)
    assert Chat.objects.direct(by=bob, to=ann) == (chat, False)
    assert set(chat.memberships.values_list("user", flat=True)) == {ann.pk, bob.pk}
    assert list(Chat.objects.visible_to(bob)) == [chat]


def test_the_database_allows_one_chat_of_a_pair(chat):
    with pytest.raises(IntegrityError), transaction.atomic():
        Chat.objects.create(pair_key=chat.pair_key)


def test_nobody_chats_alone(ann):
    with pytest.raises(SelfChat):
        Chat.objects.direct(by=ann, to=ann)


@pytest.mark.needs("friends")
def test_only_friends_begin_a_chat(ann, bob):
    with pytest.raises(NotFriends) as error:
        Chat.objects.direct(by=ann, to=bob)
    assert str(error.value.detail) == "To start a chat you must be friends with Bob Baker."
    assert error.value.code == "not_friends"


def test_who_blocked_somebody_does_not_exist_for_them(ann, bob):
    Block.objects.block(by=bob, user=ann)
    with pytest.raises(ReceiverNotThere):
        Chat.objects.direct(by=ann, to=bob)
    with pytest.raises(NotFriends):
        Chat.objects.direct(by=bob, to=ann)


@pytest.mark.parametrize("key", ["", "x", "-1", "1.0", "1_0", "٣", "9" * 19, "0x1", " 1", "1\x00"])
def test_what_is_no_key_finds_no_chat(chat, key):
    assert Chat.objects.find(key) is None


def test_a_key_finds_its_chat(chat):
    assert Chat.objects.find(str(chat.pk)) == chat
    assert Chat.objects.find("9" * 18) is None


def roll_back_after(message):
    raise RuntimeError(message.seq)


def test_messages_are_numbered_without_gaps(chat, ann, bob, eve):
    for number in range(1, 4):
        assert chat.post(by=ann, text="a").seq == 2 * number - 1
        assert Chat.objects.get().post(by=bob, text="b").seq == 2 * number
    with pytest.raises(NotMember):
        chat.post(by=eve, text="refused")
    with pytest.raises(RuntimeError), transaction.atomic():
        roll_back_after(chat.post(by=ann, text="rolled back"))
    chat.post(by=bob, text="last")
    assert list(chat.messages.order_by("seq").values_list("seq", flat=True)) == list(range(1, 8))
    chat.refresh_from_db()
    assert chat.last_seq == 7
    assert chat.modified == chat.messages.get(seq=7).created


def test_a_repeated_client_id_gives_the_same_message(chat, ann, bob, heard):
    client_id = uuid.uuid4()
    first = chat.post(by=ann, text="hello", client_id=client_id)
    again = []
    assert (
        heard(signals.message_posted, lambda: again.append(chat.post(by=ann, text="hello", client_id=client_id))) == []
    )
    assert again == [first]
    assert (first.is_repeat, again[0].is_repeat) == (False, True)
    assert chat.post(by=bob, text="mine", client_id=client_id) != first
    with pytest.raises(ClientIdReused):
        chat.post(by=ann, text="other", client_id=client_id)


def test_strangers_may_not_post(chat, eve):
    with pytest.raises(NotMember):
        chat.post(by=eve, text="hello")
    assert not chat.messages.exists()


def test_a_friendship_that_ended_ends_posting(chat, ann, bob):
    Friendship.objects.unfriend(by=ann, friend=bob)
    for user in (ann, bob):
        with pytest.raises(PostNotAllowed):
            chat.post(by=user, text="hello")
    chat.refresh_from_db()
    assert chat.last_seq == 0


def test_nobody_posts_to_a_member_who_is_gone(chat, ann, bob):
    bob.delete()
    with pytest.raises(PostNotAllowed):
        chat.post(by=ann, text="hello")


def test_nobody_posts_with_or_as_a_deactivated_member(chat, ann, bob):
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    for user in (ann, bob):
        with pytest.raises(PostNotAllowed):
            chat.post(by=user, text="hello")


def test_nobody_posts_to_a_chat_that_is_gone(chat, ann):
    Chat.objects.filter(pk=chat.pk).delete()
    with pytest.raises(ChatNotThere):
        chat.post(by=ann, text="hello")


@pytest.mark.needs("accounts")
def test_an_address_may_have_to_be_confirmed_first(chat, ann, configure):
    configure(EMAIL_VERIFICATION="required")
    with pytest.raises(EmailNotVerified):
        chat.post(by=ann, text="hello")


def test_a_chat_of_no_pair_asks_only_for_membership(ann, eve):
    chat = Chat.objects.create()
    chat.memberships.create(user=ann)
    assert chat.post(by=ann, text="hello").seq == 1
    with pytest.raises(NotMember):
        chat.post(by=eve, text="hello")


def test_the_read_mark_only_moves_on(chat, ann, bob, heard):
    for _ in range(3):
        chat.post(by=ann, text="hello")
    assert [Membership.objects.of(user).get().unread_count for user in (ann, bob)] == [0, 3]
    assert heard(signals.chat_read, lambda: chat.read(by=bob, seq=2)) == [{"chat": chat, "user": bob, "seq": 2}]
    assert heard(signals.chat_read, lambda: chat.read(by=bob, seq=1)) == []
    assert Membership.objects.of(bob).get().unread_count == 1
    assert chat.read(by=bob, seq=10**15).read_seq == 3
    assert Membership.objects.of(bob).get().unread_count == 0


def test_strangers_read_nothing(chat, eve):
    with pytest.raises(NotMember):
        chat.read(by=eve, seq=1)


def test_history_is_the_newest_first_and_bounded(chat, ann, configure):
    for text in "abcd":
        chat.post(by=ann, text=text)
    configure(CHAT_HISTORY_SIZE=3)
    assert [message.text for message in chat.history()] == ["d", "c", "b"]
    configure(CHAT_HISTORY_SIZE=-1)
    assert not chat.history()


def test_chats_are_listed_by_their_newest_message(chat, ann, eve, befriend):
    befriend(ann, eve)
    other, _created = Chat.objects.direct(by=eve, to=ann)
    chat.post(by=ann, text="first")
    newest = other.post(by=ann, text="second")
    assert next((row.chat, row.last_message_id) for row in Membership.objects.of(ann)) == (other, newest.pk)
    chat.post(by=ann, text="third")
    assert [row.chat for row in Membership.objects.of(ann)] == [chat, other]


def test_chat_and_messages_outlive_a_member(chat, ann, bob):
    chat.post(by=ann, text="keep this")
    ann.delete()
    chat.refresh_from_db()
    assert (chat.initiator, chat.receiver) == (None, bob)
    message = chat.messages.get()
    assert (message.sender, message.text) == (None, "keep this")
    assert chat.other(bob) is None


def test_a_site_may_erase_what_a_deleted_user_wrote(chat, ann, bob, configure):
    configure(ERASE_MESSAGES_OF_DELETED_USERS=True)
    chat.post(by=ann, text="secret")
    chat.post(by=bob, text="mine")
    ann.delete()
    assert list(Message.objects.order_by("seq").values_list("seq", "text")) == [(1, ""), (2, "mine")]


def test_listeners_hear_of_chats_and_messages(ann, bob, befriend, heard):
    befriend(ann, bob)
    (started,) = heard(signals.chat_started, lambda: Chat.objects.direct(by=ann, to=bob))
    chat = started["chat"]
    assert heard(signals.chat_started, lambda: Chat.objects.direct(by=bob, to=ann)) == []
    (posted,) = heard(signals.message_posted, lambda: chat.post(by=ann, text="hello"))
    assert (posted["message"].text, posted["message"].chat, posted["message"].sender) == ("hello", chat, ann)


def test_names_in_the_admin_show_no_texts(chat, ann):
    message = chat.post(by=ann, text="secret")
    membership = chat.memberships.first()
    assert str(chat) == f"Chat {chat.pk}"
    assert str(message) == f"Message 1 of chat {chat.pk}"
    assert str(membership) == f"{chat.pk} – {membership.user_id}"
