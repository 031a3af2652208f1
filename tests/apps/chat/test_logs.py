"""What the log says about sockets: ids, and no texts, addresses or credentials."""

import pytest
from channels.db import database_sync_to_async as in_thread
from django.db import IntegrityError

from find_friend.chat import postgres, supervision
from find_friend.chat.models import Chat
from find_friend.chat.serializers import MessageSerializer
from find_friend.chat.storing import OrmLane

from .elsewhere import in_json

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "meet me at the harbour"


def events(caplog):
    return [record.find_friend for record in caplog.records if record.name.startswith("find_friend")]


def everything(caplog):
    """All that a formatter could write."""
    return caplog.text + "".join(str(vars(record)) for record in caplog.records)


class QuotingSerializer(MessageSerializer):
    def validate_text(self, value):
        raise RuntimeError(f"cannot take {value!r}")


async def test_a_dropped_frame(chat_socket, chat, ann, caplog, configure):
    configure(CHAT_MESSAGE_MAX_LENGTH=5)
    async with chat_socket(chat, ann) as socket:
        await socket.post(TEXT)
        await socket.nothing()
    assert events(caplog) == [
        {"event": "frame_dropped", "chat": chat.pk, "user": in_json(ann.pk), "reason": "max_length"}
    ]
    assert TEXT not in everything(caplog)


async def test_a_row_that_the_database_quotes(chat_socket, chat, ann, caplog, monkeypatch):
    async def store(self, drafts, **kwargs):
        raise IntegrityError(f"null value violates a constraint. DETAIL: Failing row contains (1, {drafts[0].text}).")

    monkeypatch.setattr(postgres, "is_usable", lambda using: False)
    monkeypatch.setattr(OrmLane, "store", store)
    async with chat_socket(chat, ann) as socket:
        await socket.post(TEXT)
        assert await socket.closed() == 1013
    assert events(caplog) == [{"event": "store_failed", "chat": chat.pk, "user": in_json(ann.pk)}]
    assert "IntegrityError" in caplog.text
    assert TEXT not in everything(caplog)


async def test_a_serializer_that_quotes(chat_socket, chat, ann, caplog, configure):
    configure(SERIALIZERS={"message": f"{__name__}.QuotingSerializer"})
    async with chat_socket(chat, ann) as socket:
        await socket.post(TEXT)
        assert await socket.closed() == 1013
    assert events(caplog) == [{"event": "serializer_failed", "chat": chat.pk, "user": in_json(ann.pk)}]
    assert "RuntimeError" in caplog.text
    assert TEXT not in everything(caplog)


async def test_a_credential_that_the_site_quotes(open_socket, chat, caplog, monkeypatch):
    def quote(scope):
        raise ValueError(f"what is {dict(scope['headers'])[b'authorization']}?")

    monkeypatch.setattr("find_friend.chat.middleware.authenticate", quote)
    async with open_socket(f"/ws/chat/{chat.pk}/", [(b"authorization", b"Token 0123456789")]) as (_socket, accepted):
        assert not accepted
    assert events(caplog) == [{"event": "authentication_failed"}]
    assert "0123456789" not in everything(caplog)


async def test_a_look_at_a_chat(chat, ann, caplog):
    caplog.set_level("INFO", logger="find_friend")
    await in_thread(supervision.record)(ann, chat)
    assert events(caplog) == [
        {"event": "chat_viewed", "user": in_json(ann.pk), "model": Chat._meta.label_lower, "key": chat.pk}
    ]
