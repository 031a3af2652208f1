"""Each signal is sent once, after the commit."""

from functools import partial
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model

from find_friend.chat import signals
from find_friend.chat.content import Flagged
from find_friend.chat.models import Chat, Message, Privacy, Ticket
from tests.signals import described, listening, sent_once, signals_of


def start(chat, ann, bob):
    Chat.objects.all().delete()
    act = partial(Chat.objects.direct, by=ann, to=bob)
    return act, act, Chat, lambda: {"chat": Chat.objects.get()}


def post(chat, ann, bob):
    act = partial(chat.post, by=ann, text="hello", client_id=uuid4())
    return act, act, Message, lambda: {"message": Message.objects.get()}


def flagged(text, *, sender, chat):
    return Flagged(text, reason="advertising")


def flag(chat, ann, bob):
    act = partial(chat.post, by=ann, text="spam", client_id=uuid4())
    return act, act, Message, lambda: {"message": Message.objects.get(), "reason": "advertising"}


def edit(chat, ann, bob):
    chat.post(by=ann, text="helo")
    act = partial(chat.edit, by=ann, seq=1, text="hello")
    return act, act, Message, lambda: {"message": Message.objects.get()}


def erase(chat, ann, bob):
    chat.post(by=ann, text="hello")
    act = partial(chat.erase, by=ann, seq=1)
    return act, act, Message, lambda: {"message": Message.objects.get()}


def leave(chat, ann, bob):
    chat.post(by=ann, text="hello")
    pk = ann.pk
    act = get_user_model()._default_manager.filter(pk=pk).delete
    return act, act, Message, lambda: {"user_pk": pk}


def read(chat, ann, bob):
    chat.post(by=ann, text="hello")
    act = partial(chat.read, by=bob, seq=1)
    return act, act, Chat, lambda: {"chat": chat, "user": bob, "seq": 1}


def choose(chat, ann, bob):
    act = partial(Privacy.objects.choose, ann, typing=False, presence=True)
    return act, act, Privacy, lambda: {"privacy": Privacy.objects.get(), "changed": ["typing"]}


def ticket(chat, ann, bob):
    key = Ticket.objects.issue(user=ann)
    return partial(Ticket.objects.issue, user=ann), partial(Ticket.objects.spend, key), Ticket, lambda: {"user": ann}


def spend(chat, ann, bob):
    act = partial(Ticket.objects.spend, Ticket.objects.issue(user=ann))
    return act, act, Ticket, lambda: {"user_pk": ann.pk}


STORIES = {
    "chat_started": start,
    "message_posted": post,
    "message_flagged": flag,
    "message_edited": edit,
    "message_deleted": erase,
    "messages_erased": leave,
    "chat_read": read,
    "privacy_changed": choose,
    "ticket_issued": ticket,
    "ticket_spent": spend,
}


def test_every_signal_has_a_story():
    assert signals_of(signals).keys() == STORIES.keys()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", STORIES)
def test_sent_once_after_the_commit(name, chat, ann, bob, configure):
    configure(ERASE_MESSAGES_OF_DELETED_USERS=True)
    if name == "message_flagged":
        configure(CHAT_CONTENT_HOOK=f"{__name__}.flagged")
    act, again, sender, arguments = STORIES[name](chat, ann, bob)
    assert sent_once(getattr(signals, name), act, again) == (sender, arguments())
    assert described(name) == (sender.__name__, set(arguments()))


@pytest.mark.django_db(transaction=True)
def test_a_choice_is_told_with_what_it_changed(ann):
    with listening(signals.privacy_changed) as news:
        Privacy.objects.choose(ann, typing=False)
        Privacy.objects.choose(ann, typing=True, presence=False, read_receipts=True)
    assert [arguments["changed"] for _sender, arguments in news] == [["typing"], ["presence", "typing"]]


@pytest.mark.django_db(transaction=True)
def test_nothing_was_written_so_nothing_is_erased(ann, configure):
    configure(ERASE_MESSAGES_OF_DELETED_USERS=True)
    with listening(signals.messages_erased) as news:
        ann.delete()
    assert news == []
