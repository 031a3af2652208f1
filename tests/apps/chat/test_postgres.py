"""What only PostgreSQL can do: constraints that fail at COMMIT, statements that are cancelled, connections that die."""

import asyncio

import pytest
from channels.db import database_sync_to_async as in_thread
from django.db import IntegrityError, connections
from django.db.backends.signals import connection_created

from find_friend.chat import pipeline, postgres
from find_friend.chat.hub import current_hub
from find_friend.chat.models import Chat, Message
from find_friend.chat.pipeline import Command
from find_friend.chat.postgres import PostgresLane
from find_friend.chat.storing import Contention, OrmLane, Unsure
from find_friend.friends.policies import FriendsPolicy

from .drafts import Sender, eventually, foreign_transaction, is_whole, kept, key

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
async def lane():
    made = PostgresLane()
    yield made
    await made.close()
    await in_thread(connections.close_all)()


def execute(*statements):
    with connections["default"].cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)


@pytest.fixture
def fails_at_commit(db):
    """A message that says so is refused by a deferred constraint, when everything else is done."""
    table = Message._meta.db_table
    execute(
        "CREATE FUNCTION find_friend_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.text = 'too late' THEN RAISE EXCEPTION 'no such row' USING ERRCODE = '23503'; END IF; "
        "RETURN NEW; END $$",
        f"CREATE CONSTRAINT TRIGGER find_friend_late AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION find_friend_late()",
    )
    yield
    execute(f"DROP TRIGGER find_friend_late ON {table}", "DROP FUNCTION find_friend_late()")


@pytest.mark.parametrize("kind", [OrmLane, PostgresLane])
async def test_what_fails_at_commit_is_not_stored(fails_at_commit, chat, ann, kind):
    import psycopg

    lane, sender = kind(), Sender(chat, ann)
    with pytest.raises((IntegrityError, psycopg.IntegrityError)):
        await lane.store([sender.draft("good"), sender.draft("too late")])
    assert await kept(chat) == []
    assert [outcome.seq for outcome in await lane.store([sender.draft("good")])] == [1]
    await lane.close()
    await in_thread(connections.close_all)()


@pytest.mark.parametrize("kind", ["orm", "postgres"])
async def test_what_fails_at_commit_is_not_acknowledged(
    fails_at_commit, chat_socket, chat, ann, bob, kind, monkeypatch
):
    if kind == "orm":
        monkeypatch.setattr(postgres, "is_usable", lambda using: False)
    async with (
        chat_socket(chat, ann) as plain,
        chat_socket(chat, bob, subprotocols=["ff.chat.v1"]) as rich,
    ):
        for number, text in ((1, "good"), (2, "too late"), (3, "good too")):
            await rich.wire.send_json_to({"type": "send", "client_id": str(key(number)), "text": text})
        told = {}
        while len(told) < 3:
            frame = await rich.next()
            if frame["type"] in ("ack", "err"):
                told[frame["client_id"]] = frame.get("code") or frame["seq"]
        assert told == {str(key(1)): 1, str(key(2)): "busy", str(key(3)): 2}
        assert await plain.texts(2) == ["good", "good too"]
        await plain.post("too late")
        assert await plain.closed() == 1013
    assert [text for _seq, _sender, text in await kept(chat)] == ["good", "good too"]
    assert await is_whole(chat)


async def test_out_of_time(lane, chat, ann, configure):
    """A statement that does not end: nobody knows whether it was the COMMIT."""
    configure(CHAT_LOCK_TIMEOUT=20, CHAT_WRITE_TIMEOUT=0.3)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        with pytest.raises(Unsure):
            await lane.store([Sender(chat, ann).draft("late")])
        assert lane.session is None
    configure(CHAT_WRITE_TIMEOUT=10)
    assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft("next")])] == [1]


async def test_cancelled_in_the_middle(lane, chat, ann, configure):
    configure(CHAT_LOCK_TIMEOUT=20)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        task = asyncio.create_task(lane.store([Sender(chat, ann).draft("late")]))
        await eventually(lambda: lane.session is not None)
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert lane.session is None
    assert await kept(chat) == []
    assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft("next")])] == [1]


def answering(monkeypatch, sql, instead):
    """Have the session run other commands in the place of those with this statement."""
    run = pipeline.Session.run

    async def other(self, commands, timeout):
        return await run(self, [instead if each.sql == sql else each for each in commands], timeout)

    monkeypatch.setattr(pipeline.Session, "run", other)


async def test_a_rollback_that_fails_ends_the_connection(lane, fails_at_commit, chat, ann, monkeypatch):
    import psycopg

    await lane.store([Sender(chat, ann).draft("first")])
    with monkeypatch.context() as patch:
        answering(patch, b"ROLLBACK", Command(b"NOTHING SUCH"))
        with pytest.raises(psycopg.IntegrityError):
            await lane.store([Sender(chat, ann).draft("too late")])
    assert lane.session is None
    assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft("next")])] == [2]


async def test_closing_never_fails(lane, chat, ann, monkeypatch):
    await lane.store([Sender(chat, ann).draft()])
    wire, close = lane.session.wire, type(lane.session.wire).close

    async def failing(self):
        await close(self)
        raise OSError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(wire), "close", failing)
        await lane.close()
    assert (lane.session, wire.closed) == (None, True)


async def test_an_answer_that_is_no_commit_is_no_success(lane, chat, ann, monkeypatch):
    await lane.store([Sender(chat, ann).draft("first")])
    with monkeypatch.context() as patch:
        answering(patch, b"COMMIT", Command(b"ROLLBACK"))
        with pytest.raises(RuntimeError):
            await lane.store([Sender(chat, ann).draft("lost")])
    assert [text for _seq, _sender, text in await kept(chat)] == ["first"]


def end(pid):
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def test_a_session_that_ends_in_the_middle_leaves_it_unsure(lane, chat, ann, configure):
    configure(CHAT_LOCK_TIMEOUT=20)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        storing = asyncio.create_task(lane.store([Sender(chat, ann).draft("late")]))
        await eventually(lambda: lane.session is not None)
        await asyncio.sleep(0.1)
        await in_thread(end)(lane.session.wire.info.backend_pid)
        with pytest.raises(Unsure):
            await storing
    assert lane.session is None
    assert await kept(chat) == []


class Stricter(FriendsPolicy):
    def may_message_in_bulk(self, user, other):
        return super().may_message_in_bulk(user, other) & ~super().may_message_in_bulk(user, other)


@pytest.mark.needs("accounts", "friends")
async def test_statements_follow_the_settings(lane, chat, ann, configure):
    sender = Sender(chat, ann)
    assert [outcome.seq for outcome in await lane.store([sender.draft()])] == [1]
    (first,) = lane.statements.values()
    assert [outcome.seq for outcome in await lane.store([sender.draft()])] == [2]
    assert list(lane.statements.values()) == [first]
    configure(EMAIL_VERIFICATION="required")
    assert [outcome.__name__ for outcome in await lane.store([sender.draft()])] == ["Refused"]
    configure(EMAIL_VERIFICATION="off", POLICY=f"{__name__}.Stricter")
    assert [outcome.__name__ for outcome in await lane.store([sender.draft()])] == ["Refused"]
    configure(POLICY=None)
    assert [outcome.seq for outcome in await lane.store([sender.draft()])] == [3]


async def test_a_pooler_is_told_by_the_setting_for_cursors(monkeypatch):
    assert PostgresLane().is_pooled is False
    monkeypatch.setitem(connections["default"].settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    assert PostgresLane().is_pooled is True


async def test_behind_a_pooler_nothing_is_left_in_the_session(lane, chat, ann, monkeypatch):
    """Each transaction may meet another connection: nothing is prepared, and settings end with the transaction."""
    monkeypatch.setattr(lane, "is_pooled", True)
    for number in (1, 2, 3):
        assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft()])] == [number]
    found = await lane.session.wire.execute(
        "SELECT (SELECT count(*) FROM pg_prepared_statements), current_setting('lock_timeout')"
    )
    assert await found.fetchone() == (0, "0")
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        with pytest.raises(Contention):
            await lane.store([Sender(chat, ann).draft()])


async def test_a_site_without_time_zones(lane, chat, ann, settings):
    """Naive times are those of the site, as everything else there stores them."""

    def age():
        with connections["default"].cursor() as cursor:
            cursor.execute(f"SELECT extract(epoch FROM now() - created) FROM {Message._meta.db_table}")
            return cursor.fetchone()[0]

    settings.USE_TZ = False
    sender = Sender(chat, ann)
    (stored,) = await lane.store([sender.draft("hello", key(1))])
    (again,) = await lane.store([sender.draft("hello", key(1))])
    assert stored.created.tzinfo is None
    assert again.created == stored.created
    assert abs(await in_thread(age)()) < 300


async def test_where_the_short_way_is_usable(monkeypatch):
    from django.contrib.postgres.signals import register_type_handlers
    from django.db.backends.postgresql import psycopg_any

    assert postgres.is_usable("default")
    with monkeypatch.context() as patch:
        patch.setattr(psycopg_any, "is_psycopg3", False)
        assert not postgres.is_usable("default")
    with monkeypatch.context() as patch:
        patch.setattr(postgres.asyncio, "get_running_loop", object)
        assert not postgres.is_usable("default")
    with monkeypatch.context() as patch:
        patch.setattr(postgres.asyncio, "get_running_loop", asyncio.AbstractEventLoop)
        assert not postgres.is_usable("default")
    with monkeypatch.context() as patch:
        patch.setitem(connections.settings["default"], "OPTIONS", {"assume_role": "somebody"})
        assert not postgres.is_usable("default")
    connection_created.connect(register_type_handlers)  # Django's own: our sessions need no such types
    assert postgres.is_usable("default")
    connection_created.disconnect(register_type_handlers)


@pytest.fixture
def tenant(db):
    """A site whose sessions have to say who they are, which a receiver sees to: without it nothing is stored."""
    table = Message._meta.db_table
    execute(
        "CREATE FUNCTION find_friend_tenant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF current_setting('site.tenant', true) IS DISTINCT FROM 'ours' THEN RAISE EXCEPTION 'whose?'; END IF; "
        "RETURN NEW; END $$",
        f"CREATE TRIGGER find_friend_tenant BEFORE INSERT ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION find_friend_tenant()",
    )

    def introduce(connection, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("SET site.tenant = 'ours'")

    connection_created.connect(introduce)
    yield
    connection_created.disconnect(introduce)
    execute(f"DROP TRIGGER find_friend_tenant ON {table}", "DROP FUNCTION find_friend_tenant()")


async def test_what_a_site_does_to_new_connections_holds_for_sockets(tenant, chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
        assert current_hub().reader.sessions == {}


async def test_a_moment_is_the_same_whatever_the_sessions_time_zone(lane, chat, ann, monkeypatch):
    """Behind a pooler the answer is read in the time zone of whoever had the session before."""
    monkeypatch.setattr(lane, "is_pooled", True)
    sender = Sender(chat, ann)
    (stored,) = await lane.store([sender.draft("hello", key(1))])
    await lane.session.run([Command(b"SET TimeZone = 'America/New_York'")], 5)
    (again,) = await lane.store([sender.draft("hello", key(1))])
    assert (again.is_repeat, again.created) == (True, stored.created)


async def test_what_was_prepared_may_be_gone(lane, chat, ann):
    import psycopg

    await lane.store([Sender(chat, ann).draft("first")])
    await lane.session.run([Command(b"DEALLOCATE ALL")], 5)
    with pytest.raises(psycopg.Error):
        await lane.store([Sender(chat, ann).draft("fails")])
    assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft("next")])] == [2]


async def test_each_statement_is_prepared_once(lane, chat, ann):
    await lane.connect()
    before = len(lane.session.names)
    await lane.session.run([Command(b"SELECT $1::int", [b"1"], [0])] * 3, 5)
    assert len(lane.session.names) == before + 1
    found = await lane.session.run(
        [Command(b"SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::int'")], 5
    )
    assert lane.session.rows(found[0]) == [(1,)]


@pytest.mark.parametrize(("answer", "status"), [(None, "BAD"), ("sync", "OK")])
async def test_answers_that_make_no_sense_end_the_trip(lane, chat, monkeypatch, answer, status):
    import psycopg
    from psycopg import pq

    await lane.connect()

    class Strange:
        """A connection that has lost its way."""

        def __init__(self, pgconn):
            self.pgconn, self.status = pgconn, pq.ConnStatus[status]

        def __getattr__(self, name):
            return getattr(self.pgconn, name)

        def is_busy(self):
            return False

        def get_result(self):
            if answer is None:
                return None
            return type("Result", (), {"status": pq.ExecStatus.PIPELINE_SYNC})()

        def exit_pipeline_mode(self):
            pass

    strange = type("Wire", (), {"pgconn": Strange(lane.session.wire.pgconn)})()
    with monkeypatch.context() as patch:
        patch.setattr(lane.session, "wire", strange)
        with pytest.raises(psycopg.OperationalError):
            await lane.session.run([Command(b"SELECT 1")], 5)


async def test_arrays_are_what_they_were(lane):
    await lane.connect()

    async def read(kind, values):
        (found,) = await lane.session.run([Command(f"SELECT $1::{kind}[]".encode(), [postgres.array(values)], [0])], 5)
        return lane.session.rows(found)[0][0]

    for values in (
        ["NULL", "null", "Null"],
        ["NULL", None],
        ["a", None, "b-c"],
        ["", "a,b", '"', "\\", '\\"', "{}", " x ", "'", "é"],
        [None, None],
    ):
        assert await read("text", values) == values
    assert await read("bigint", [1, -2, None]) == [1, -2, None]
    assert await read("uuid", [key(7), None]) == [key(7), None]


async def test_a_statement_that_cannot_be_cancelled(lane, chat, monkeypatch):
    async def failing(self, **kwargs):
        raise OSError("no way there")

    await lane.connect()
    wire = lane.session.wire
    monkeypatch.setattr(type(wire), "cancel_safe", failing)
    await lane.session.abandon()
    assert wire.closed


async def test_what_fails_after_the_answer_changes_nothing(lane, chat):
    await lane.connect()
    trip = pipeline.Trip(lane.session.wire.pgconn)
    trip.arrived.set_result(None)
    trip.attempt(pipeline.give_up)
    assert trip.arrived.result() is None
    lane.session.wire.pgconn.exit_pipeline_mode()


async def test_more_than_the_system_takes_at_once(lane):
    """The rest goes out as soon as there is room."""
    await lane.connect()
    much = b"x" * 32_000_000
    [result] = await lane.session.run([Command(b"SELECT length($1)", [much], [25])], 30)
    assert lane.session.rows(result) == [(len(much),)]


async def test_nothing_travels_as_nothing(lane):
    assert pipeline.dumped(None, None) == (None, 0)
