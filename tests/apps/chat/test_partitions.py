"""The page about scaling divides the message table; the chat has to work on what it makes of it."""

import pytest
from django.db import connection

from find_friend.chat.models import Message, MessageEvent
from tests.docs import pages

pytestmark = pytest.mark.postgres
(SCRIPT,) = pages.blocks(pages.read("scaling.md"), "postgresql")


@pytest.fixture
def partitioned(transactional_db):
    """The message table in parts, as the page does it, and whole again afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(SCRIPT.text)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(MessageEvent)
        editor.delete_model(Message)
        editor.create_model(Message)
        editor.create_model(MessageEvent)


def test_the_chat_works_on_partitions(chat, ann, partitioned):
    first = chat.post(by=ann, text="Hello!")
    chat.edit(by=ann, seq=first.seq, text="Hello, Bob!")
    chat.post(by=ann, text="Are you there?")
    chat.erase(by=ann, seq=2)
    assert [(message.seq, message.text) for message in chat.history()] == [(2, ""), (1, "Hello, Bob!")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'find_friend_chat_message'::regclass")
        assert cursor.fetchone() == (16,)
    ann.delete()
    assert [message.sender_id for message in chat.history()] == [None, None]
    chat.delete()
    assert not Message.objects.exists()


async def test_sockets_store_into_partitions(chat, ann, bob, partitioned, chat_socket):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        for number in range(3):
            await left.post(f"Number {number}")
        assert await right.texts(3) == ["Number 0", "Number 1", "Number 2"]
        assert [seq async for seq in chat.messages.order_by("seq").values_list("seq", flat=True)] == [1, 2, 3]
