"""Many at once: the database decides."""

import threading
import uuid
from functools import partial

import pytest
from django.db import OperationalError, connection

from find_friend.chat.exceptions import MessageNotThere, PostNotAllowed
from find_friend.chat.models import Chat, Membership, Message, MessageEvent, Privacy
from find_friend.friends.models import Block, Friendship
from find_friend.locks import is_contention

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run the calls in threads that start together; what they gave or raised."""
    start, results = threading.Barrier(len(calls)), [None] * len(calls)

    def work(index, call):
        start.wait()
        try:
            results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_numbers_have_no_gaps(chat, ann, bob):
    def write(user):
        def posts():
            own = Chat.objects.get(pk=chat.pk)
            return [own.post(by=user, text=f"{user.first_name} {number}").seq for number in range(10)]

        return posts

    results = at_once(*(write(user) for user in (ann, bob, ann, bob)))
    assert sorted(seq for numbers in results for seq in numbers) == list(range(1, 41))
    chat.refresh_from_db()
    assert chat.last_seq == 40
    for numbers in results:
        assert numbers == sorted(numbers)


@pytest.mark.postgres
def test_numbers_are_given_in_the_order_of_commits(chat, ann, bob):
    """A writer that has its number and waits holds up the next one: nobody sees 2 before 1."""
    from django.db import transaction

    holds, go_on, seen = threading.Event(), threading.Event(), []

    def slow():
        with transaction.atomic():
            message = Chat.objects.get(pk=chat.pk).post(by=ann, text="slow")
            holds.set()
            go_on.wait(10)
        return message.seq

    def quick():
        holds.wait(10)
        threading.Timer(0.3, go_on.set).start()
        message = Chat.objects.get(pk=chat.pk).post(by=bob, text="quick")
        seen.extend(Message.objects.order_by("seq").values_list("seq", flat=True))
        return message.seq

    assert at_once(slow, quick) == [1, 2]
    assert seen == [1, 2]


def test_one_client_id_makes_one_message(chat, ann):
    client_id = uuid.uuid4()
    results = at_once(*[lambda: Chat.objects.get(pk=chat.pk).post(by=ann, text="hello", client_id=client_id)] * 5)
    assert len({message.pk for message in results}) == 1
    assert sorted(message.is_repeat for message in results) == [False, True, True, True, True]
    assert Message.objects.count() == 1


def test_two_who_start_at_once_have_one_chat(ann, bob, befriend):
    for _ in range(5):
        Chat.objects.all().delete()
        befriend(ann, bob)
        results = at_once(
            lambda: Chat.objects.direct(by=ann, to=bob),
            lambda: Chat.objects.direct(by=bob, to=ann),
            lambda: Chat.objects.direct(by=ann, to=bob),
        )
        assert len({chat.pk for chat, _created in results}) == 1
        assert sorted(created for _chat, created in results) == [False, False, True]
        assert Membership.objects.count() == 2


def test_posting_against_blocking(chat, ann, bob, befriend):
    for number in range(5):
        Block.objects.all().delete()
        befriend(ann, bob)
        posted, blocked = at_once(
            lambda: Chat.objects.get(pk=chat.pk).post(by=ann, text="hello"),
            lambda: Block.objects.block(by=bob, user=ann),
        )
        assert isinstance(posted, (Message, PostNotAllowed)), (number, posted)
        assert blocked[1] is True
        with pytest.raises(PostNotAllowed):
            chat.post(by=ann, text="too late")
    numbers = list(chat.messages.order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


def test_posting_against_deletion(user_factory, befriend):
    for _ in range(5):
        writer, leaver = user_factory(), user_factory()
        befriend(writer, leaver)
        chat, _created = Chat.objects.direct(by=writer, to=leaver)
        posted, deleted = at_once(
            partial(chat.post, by=writer, text="hello"),
            type(leaver).objects.get(pk=leaver.pk).delete,
        )
        lost = [result for result in (posted, deleted) if isinstance(result, OperationalError)]
        assert all(is_contention(error) for error in lost)
        assert lost or isinstance(posted, (Message, PostNotAllowed)), posted
        chat.refresh_from_db()
        assert chat.last_seq == chat.messages.count()


def test_reading_against_posting(chat, ann, bob):
    for _ in range(3):
        chat.post(by=ann, text="x")
    results = at_once(
        *[lambda: Chat.objects.get(pk=chat.pk).read(by=bob, seq=3)] * 3,
        lambda: Chat.objects.get(pk=chat.pk).post(by=ann, text="x"),
    )
    assert not [error for error in results if isinstance(error, Exception)]
    assert Membership.objects.of(bob).get().unread_count == 1
    assert Friendship.objects.between(ann, bob).count() == 2


def test_editing_against_deleting(chat, ann):
    for seq in range(1, 6):
        chat.post(by=ann, text="hello")
        before = Chat.objects.get().last_event
        edited, erased = at_once(
            partial(Chat.objects.get().edit, by=ann, seq=seq, text="edited"),
            partial(Chat.objects.get().erase, by=ann, seq=seq),
        )
        assert isinstance(edited, (Message, MessageNotThere)), edited
        assert isinstance(erased, Message), erased
        message = Message.objects.get(seq=seq)
        assert (message.text, message.deleted_at) == ("", erased.deleted_at)
        changes = 1 + isinstance(edited, Message)
        assert Chat.objects.get().last_event == message.event.number == before + changes
    assert MessageEvent.objects.count() == 5


def test_changes_are_numbered_in_their_order(chat, ann, bob):
    for user in (ann, bob, ann, bob):
        chat.post(by=user, text="hello")

    def edit(user, seq):
        own = Chat.objects.get(pk=chat.pk)
        return [own.edit(by=user, seq=seq, text=f"{seq} {number}").event.number for number in range(5)]

    def write():
        own = Chat.objects.get(pk=chat.pk)
        return [own.post(by=ann, text="more").seq for _ in range(5)]

    *numbers, seqs = at_once(*(partial(edit, *pair) for pair in ((ann, 1), (bob, 2), (ann, 3), (bob, 4))), write)
    assert sorted(number for one in numbers for number in one) == list(range(1, 21))
    assert seqs == list(range(5, 10))
    chat.refresh_from_db()
    assert (chat.last_seq, chat.last_event) == (9, 20)
    kept = dict(MessageEvent.objects.values_list("message__seq", "number"))
    assert kept == {seq: one[-1] for seq, one in zip((1, 2, 3, 4), numbers, strict=True)}


def test_deleting_a_message_against_blocking(chat, ann, bob, befriend):
    for number in range(1, 6):
        Block.objects.all().delete()
        befriend(ann, bob)
        chat.post(by=ann, text="hello")
        erased, blocked = at_once(
            partial(Chat.objects.get().erase, by=ann, seq=number),
            lambda: Block.objects.block(by=bob, user=ann),
        )
        assert blocked[1] is True
        message = Message.objects.get(seq=number)
        if isinstance(erased, PostNotAllowed):
            assert (message.text, message.deleted_at) == ("hello", None)
        else:
            assert (message.text, message.deleted_at) == ("", erased.deleted_at)
        with pytest.raises(PostNotAllowed):
            chat.erase(by=ann, seq=number)


def test_choices_made_at_once_are_all_kept(ann):
    for _ in range(5):
        Privacy.objects.all().delete()
        names = ("read_receipts", "typing", "presence")
        results = at_once(*(partial(Privacy.objects.choose, ann, **{name: False}) for name in names))
        assert all(isinstance(result, Privacy) for result in results), results
        kept = Privacy.objects.get()
        assert [getattr(kept, name) for name in names] == [False] * 3
