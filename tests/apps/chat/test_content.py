"""What a site's content hook says holds on HTTP, in code and on sockets alike."""

from contextlib import contextmanager

import pytest
from channels.db import database_sync_to_async as in_thread

from find_friend.chat import postgres
from find_friend.chat.content import Flagged
from find_friend.chat.exceptions import ContentRefused
from find_friend.chat.models import Message
from find_friend.chat.signals import message_flagged, message_posted

from .drafts import eventually, kept, key

V1 = ["ff.chat.v1"]
calls = []


def review(text, *, sender, chat):
    calls.append((text, sender, chat))
    if text == "rude":
        raise ContentRefused("Be polite.")
    if text == "break":
        raise OSError("a fault of the site")
    if "spam" in text:
        return Flagged(text, reason="advertising")
    return {"nothing": " ", "forgotten": None}.get(text, text.replace("damn", "****"))


@pytest.fixture(autouse=True)
def _hook(configure):
    configure(CHAT_CONTENT_HOOK=f"{__name__}.review")
    calls.clear()


@pytest.fixture
def flags():
    """Seq, text, its exact type, and reason, of every flagged message."""
    told = []
    with listening(message_flagged, lambda message, reason: told.append((message.seq, str(message.text), reason))):
        yield told


@contextmanager
def listening(signal, function):
    def receive(sender, signal, **named):
        function(**named)

    signal.connect(receive)
    try:
        yield
    finally:
        signal.disconnect(receive)


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    def call(function, *args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            return function(*args, **kwargs)

    return call


@pytest.mark.django_db
class TestCode:
    def test_texts_are_rewritten_and_the_hook_knows_where(self, chat, ann):
        message = chat.post(by=ann, text="damn it")
        assert message.text == Message.objects.get().text == "**** it"
        assert calls == [("damn it", ann.pk, chat.pk)]

    @pytest.mark.parametrize("text", ["rude", "nothing"])
    def test_texts_are_refused(self, chat, ann, text):
        with pytest.raises(ContentRefused):
            chat.post(by=ann, text=text)
        chat.post(by=ann, text="polite")
        with pytest.raises(ContentRefused):
            chat.edit(by=ann, seq=1, text=text)
        assert Message.objects.get().text == "polite"

    def test_texts_are_flagged_after_commit(self, chat, ann, commit, flags):
        message = commit(chat.post, by=ann, text="spam")
        assert type(message.text) is str
        assert flags == [(1, "spam", "advertising")]
        commit(chat.post, by=ann, text="fine", client_id=key(1))
        commit(chat.edit, by=ann, seq=2, text="more spam")
        commit(chat.edit, by=ann, seq=2, text="more spam")
        assert flags == [(1, "spam", "advertising"), (2, "more spam", "advertising")]

    def test_a_repeat_is_compared_with_what_was_made_of_it(self, chat, ann, commit, flags):
        first = commit(chat.post, by=ann, text="damn spam", client_id=key(1))
        again = commit(chat.post, by=ann, text="damn spam", client_id=key(1))
        assert (first.pk, again.is_repeat) == (again.pk, True)
        assert len(flags) == 1

    def test_a_hook_that_returns_nothing_is_a_fault(self, chat, ann):
        with pytest.raises(TypeError, match="CHAT_CONTENT_HOOK has to return a text, not NoneType"):
            chat.post(by=ann, text="forgotten")
        assert not Message.objects.exists()


@pytest.mark.django_db
def test_http_says_why(api, chat, ann):
    path = f"/api/v1/chats/{chat.pk}/messages/"
    refused = api(ann).post(path, {"text": "rude"})
    assert (refused.status_code, refused.json()) == (400, {"detail": "Be polite.", "code": "content_refused"})
    russian = api(ann).post(path, {"text": "nothing"}, headers={"accept-language": "ru"})
    assert russian.json()["detail"] == "Сообщение не принято. Измените текст и отправьте его снова."
    assert api(ann).post(path, {"text": "damn it"}).json()["text"] == "**** it"
    edited = api(ann).patch(f"{path}1/", {"text": "damn"})
    assert edited.json()["text"] == "****"
    assert api(ann).patch(f"{path}1/", {"text": "rude"}).json()["code"] == "content_refused"


@pytest.fixture(params=["orm", pytest.param("postgres", marks=pytest.mark.postgres)])
def lane(request, monkeypatch):
    if request.param == "orm":
        monkeypatch.setattr(postgres, "is_usable", lambda using: False)


async def frame(socket, kind):
    while (found := await socket.next())["type"] != kind:
        pass
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lane")
async def test_sockets_are_no_way_around(chat_socket, chat, ann, bob, flags, caplog):
    posted = []
    with listening(message_posted, lambda message: posted.append(message.text)):
        async with chat_socket(chat, ann) as plain, chat_socket(chat, bob, subprotocols=V1) as rich:
            await plain.post("rude")
            await plain.post("damn spam")
            assert (await plain.next())["text"] == "damn spam"
            for number, (text, code) in enumerate([("rude", "invalid"), ("nothing", "invalid"), ("break", "busy")]):
                await rich.post(f'{{"type": "send", "client_id": "{key(number)}", "text": "{text}"}}')
                assert (await frame(rich, "err"))["code"] == code
            await rich.post(f'{{"type": "send", "client_id": "{key(9)}", "text": "damn"}}')
            assert (await frame(rich, "ack"))["seq"] == 2
            for text, code in [("rude", "invalid"), ("break", "busy")]:
                await rich.post(f'{{"type": "edit", "seq": 2, "text": "{text}"}}')
                assert (await frame(rich, "err"))["code"] == code
            await rich.post('{"type": "edit", "seq": 2, "text": "damn spam"}')
            assert (await frame(rich, "edited"))["text"] == "damn spam"
            await eventually(lambda: len(flags) == 2 and len(posted) == 2)
    assert flags == [(1, "damn spam", "advertising"), (2, "damn spam", "advertising")]
    assert [text for _seq, _sender, text in await kept(chat)] == ["damn spam", "damn spam"]
    assert f"Frame dropped: content_refused (chat {chat.pk}, user {ann.pk})." in caplog.messages
    assert f"The serializer or content hook of messages failed in chat {chat.pk}." in caplog.messages


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lane")
async def test_without_a_hook_nobody_is_asked(chat_socket, chat, ann, configure):
    configure(CHAT_CONTENT_HOOK=None)
    async with chat_socket(chat, ann) as socket:
        await socket.post("damn spam")
        assert (await socket.next())["text"] == "damn spam"
    assert await in_thread(Message.objects.count)() == 1
    assert calls == []
