"""Sockets that open are answered over one session of PostgreSQL, as many as wait in one trip."""

import asyncio

import pytest
from channels.db import database_sync_to_async as in_thread
from django.db import OperationalError, connections

from find_friend import kept
from find_friend.chat import inspection, pipeline, reader
from find_friend.chat.hub import current_hub
from find_friend.chat.models import Message
from find_friend.chat.reader import Reader
from tests.apps.chat.elsewhere import post

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
async def made():
    made = Reader()
    yield made
    await made.close()
    await in_thread(connections.close_all)()


def texts(after=0, using="default"):
    """Asks for the texts after a number."""

    def build():
        wanted = Message.objects.filter(seq__gt=kept.given("after"), deleted_at=None).order_by("seq")
        return wanted.values_list("seq", "text")

    return kept.Question(("texts", using), build, using, {"after": after})


async def test_all_that_waits_is_one_trip(made, chat, ann, monkeypatch):
    trips, run = [], pipeline.Session.run

    async def counted(self, commands, timeout):
        trips.append(len(commands))
        return await run(self, commands, timeout)

    monkeypatch.setattr(pipeline.Session, "run", counted)
    await post(chat, ann, "one", "two", "three")
    answers = await asyncio.gather(*(made.rows(texts(after)) for after in (0, 1, 2, 3, 0, 0, 0, 0, 0, 2)))
    assert [[seq for seq, _text in rows] for rows in answers[:4]] == [[1, 2, 3], [2, 3], [3], []]
    assert answers[-1] == [(3, "three")]
    assert trips[-2:] == [reader.LARGEST_TRIP, 2]
    assert await made.rows(texts(2)) == [(3, "three")]
    assert len(made.sessions) == 1


async def test_where_a_thread_has_to_ask(made, monkeypatch):
    assert await made.rows(None) is None
    with monkeypatch.context() as patch:
        patch.setattr(reader, "is_usable", lambda using: False)
        assert await made.rows(texts()) is None
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings["default"], "DISABLE_SERVER_SIDE_CURSORS", True)
        assert await made.rows(texts()) is None
    assert made.sessions == {}


async def test_another_database_is_another_trip(made, chat, ann, monkeypatch):
    monkeypatch.setattr(reader, "is_usable", lambda using: True)
    monkeypatch.setattr(reader, "is_pooled", lambda using: False)
    await post(chat, ann, "one")
    answers = await asyncio.gather(*(made.rows(texts(using=using)) for using in ("default", "no_such", "default")))
    assert answers == [[(1, "one")], None, [(1, "one")]]


async def test_the_same_words_with_other_constants(made, chat, ann):
    await post(chat, ann, "one", "two")

    def asked(seq):
        return kept.Question(("one", seq), lambda: Message.objects.filter(seq=seq).values_list("text"), "default", {})

    assert await asyncio.gather(made.rows(asked(1)), made.rows(asked(2))) == [[("one",)], [("two",)]]


@pytest.mark.needs("accounts")
async def test_credentials_in_another_database_are_looked_at_there(chat_socket, chat, ann, bob, monkeypatch):
    """One statement cannot see both, so the sweep asks for them."""
    from django.db import router

    from find_friend.accounts.models import AuthToken

    near = router.db_for_read
    monkeypatch.setattr(
        router, "db_for_read", lambda model, **hints: "far" if model is AuthToken else near(model, **hints)
    )
    monkeypatch.setattr(AuthToken.objects, "_db", "default", raising=False)
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]


async def test_a_session_that_ended_is_made_anew(made, chat, ann):
    await post(chat, ann, "one")
    await made.rows(texts())
    session = made.sessions["default"]
    await session.close()
    assert await made.rows(texts()) == [(1, "one")]
    assert made.sessions["default"] is not session


async def test_what_fails_is_left_to_a_thread(made, chat, caplog):
    def build():
        return Message.objects.filter(seq=kept.given("after")).extra(where=["no_such_column"]).values_list("seq")

    question = kept.Question("broken", build, "default", {"after": 1})
    assert await made.rows(question) is None
    assert "Sockets are opened in threads for now" in caplog.text
    assert made.sessions == {}


async def test_a_database_that_does_not_answer(made, chat, configure, monkeypatch):
    def build():
        return Message.objects.extra(where=["pg_sleep(2) IS NULL"]).values_list("seq")

    monkeypatch.setattr(Message._meta, "ordering", [])
    await made.rows(texts())
    configure(CHAT_WRITE_TIMEOUT=0.2)
    await in_thread(lambda: Message.objects.create(chat=chat, seq=1, text="one"))()
    with pytest.raises(OperationalError):
        await made.rows(kept.Question("slow", build, "default", {}))
    assert made.sessions == {}


@pytest.fixture
async def silent(monkeypatch):
    """An alias of a server that lets everybody in and never says a word; a list of who has come."""
    came, forever = [], asyncio.Event()

    async def accept(stream, writer):
        came.append(writer)
        await forever.wait()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = {**connections.settings["default"], "HOST": "127.0.0.1", "PORT": port}
        monkeypatch.setitem(connections.settings, "silent", database)
        yield came
        forever.set()
        for writer in came:
            writer.close()


@pytest.mark.parametrize("options", [{}, {"connect_timeout": 2}])
async def test_all_that_waits_for_a_silent_server_fails_with_the_first(made, silent, configure, options, monkeypatch):
    """Not one trip after the other, each with a wait of its own."""
    monkeypatch.setitem(connections.settings["silent"], "OPTIONS", options)
    configure(CHAT_WRITE_TIMEOUT=10 if options else 0.3)
    answers = [made.rows(texts(number, using="silent")) for number in range(5 * reader.LARGEST_TRIP)]
    answers = await asyncio.gather(*answers, return_exceptions=True)
    assert {type(answer) for answer in answers} == {OperationalError}
    assert len(silent) == 1


async def test_what_waits_for_another_database_goes_on(made, silent, chat, ann, configure):
    configure(CHAT_WRITE_TIMEOUT=0.3)
    await post(chat, ann, "one")
    answers = [made.rows(texts(using=using)) for using in ("silent", "default", "silent")]
    lost, found, later = await asyncio.gather(*answers, return_exceptions=True)
    assert (type(lost), found, type(later)) == (OperationalError, [(1, "one")], OperationalError)


async def test_who_has_gone_meanwhile_is_not_answered(made, chat):
    gone = asyncio.ensure_future(made.rows(texts()))
    stays = asyncio.ensure_future(made.rows(texts()))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == []
    assert gone.cancelled()


async def test_closing_answers_those_who_wait(made, chat):
    waiting = asyncio.ensure_future(made.rows(texts()))
    await asyncio.sleep(0)
    await made.close()
    assert await waiting is None
    assert made.running is None


async def test_a_session_that_cannot_be_set_up_is_closed():
    import psycopg

    with pytest.raises(psycopg.Error):
        await pipeline.connect("default", "NOTHING SUCH")


async def test_a_database_that_lets_nobody_in(configure, monkeypatch):
    import psycopg

    async def never(**params):
        await asyncio.sleep(60)

    configure(CHAT_WRITE_TIMEOUT=0.05)
    monkeypatch.setattr(psycopg.AsyncConnection, "connect", never)
    with pytest.raises(TimeoutError):
        await pipeline.connect("default", None)


async def test_sockets_are_opened_by_the_reader(chat_socket, open_socket, token_header, chat, ann, bob, monkeypatch):
    """Fresh ones and those that resume; what only the ORM can tell goes to a thread."""
    threads, read = [], inspection.read_opening

    def counted(*args):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            threads.append(args)
        return read(*args)

    monkeypatch.setattr(inspection, "read_opening", counted)
    async with chat_socket(chat, ann):
        await post(chat, bob, "one", "two")
        async with chat_socket(chat, bob) as plain:
            assert await plain.texts(2) == ["two", "one"]
        async with chat_socket(chat, bob, subprotocols=["ff.chat.v1"]) as rich:
            assert (await rich.next())["resumed"] is False
        assert threads == []
        assert list(current_hub().reader.sessions) == ["default"]
        await in_thread(lambda: chat.edit(by=bob, seq=1, text="uno"))()
        async with chat_socket(chat, bob) as plain:
            assert await plain.texts(2) == ["two", "uno"]
        assert threads == []
        headers = [await token_header(bob)]
        async with open_socket(f"/ws/chat/{chat.pk}/?after=1", headers, ["ff.chat.v1"]) as (rich, _accepted):
            assert [(await rich.next())["type"] for _number in range(3)] == ["hello", "msg", "edited"]
        assert len(threads) == 1, "changes are read in a thread"


async def test_the_reader_asks_as_the_orm_does(made, chat, ann, bob, eve):
    await post(chat, ann, *map(str, range(40)))
    for user in (ann, bob, eve):
        for after in (None, 0, 5, 39, 40):
            asked = inspection.Asked(None, user.pk, chat.pk, after)
            by_orm = await in_thread(
                lambda asked=asked: list(inspection.messages_for(asked, inspection.bulk_policy()))
            )()
            assert await made.rows(inspection.question(asked)) == by_orm
            assert await in_thread(inspection.fetch)(asked) == by_orm
            assert len(by_orm) == (30 if after is None else 40 - after + (after > 0))
