"""Both ways into the database, the ORM's and the short one of PostgreSQL, give the same answers."""

import asyncio
import datetime
from contextlib import contextmanager

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError, connections
from django.db.models.functions import Now
from django.utils import timezone

from find_friend.accounts.models import AuthToken, EmailAddress
from find_friend.chat.exceptions import ClientIdReused
from find_friend.chat.models import Chat, Membership, Message, Ticket
from find_friend.chat.postgres import PostgresLane
from find_friend.chat.storing import Batch, Contention, Down, Held, OrmLane, Refused, Stored, Unsure
from find_friend.friends.models import Block, Friendship

from .drafts import Sender, foreign_transaction, is_whole, kept, key, read_up_to

pytestmark = pytest.mark.django_db(transaction=True)

TEXTS = [
    "it's",
    'say "hello"',
    "back\\slash \\n \\u0041 \\",
    "{braces} {} {0} %s %% %(name)s",
    "a,b,,c",
    "NULL",
    "null",
    "line\r\nbreak\ttab\x01\x7f\u2028",
    "  spaced  ",
    "привет ñ 漢字",
    "👋🏽 👨‍👩‍👧 𝒳",
    '{"type": "send", "text": [1, null, "x"]}',
    "[]",
    "$1 $$ ::text -- ; DROP TABLE x /* ",
    "x" * 1000,
]


@pytest.fixture(params=[OrmLane, pytest.param(PostgresLane, marks=pytest.mark.postgres)])
async def lane(request):
    made = request.param()
    yield made
    await made.close()
    await in_thread(connections.close_all)()


@pytest.fixture
def other_chat(ann, eve, befriend):
    befriend(ann, eve)
    return Chat.objects.direct(by=eve, to=ann)[0]


async def test_fresh_messages(lane, chat, ann, bob):
    before = await in_thread(Chat.objects.get)(pk=chat.pk)
    left, right = Sender(chat, ann), Sender(chat, bob)
    outcomes = await lane.store([left.draft("one", key(1)), right.draft("two"), left.draft("three")])
    assert [(outcome.seq, outcome.is_repeat, outcome.earlier_text) for outcome in outcomes] == [
        (number, False, None) for number in (1, 2, 3)
    ]
    assert await kept(chat) == [(1, ann.pk, "one"), (2, bob.pk, "two"), (3, ann.pk, "three")]
    for outcome in outcomes:
        message = await in_thread(Message.objects.get)(pk=outcome.pk)
        assert (message.seq, message.created) == (outcome.seq, outcome.created)
        assert message.client_id == (key(1) if message.seq == 1 else None)
        assert (message.edited_at, message.deleted_at) == (None, None)
    after = await in_thread(Chat.objects.get)(pk=chat.pk)
    assert (after.last_seq, after.modified, after.created) == (3, outcomes[0].created, before.created)
    assert after.modified > before.modified
    assert [await read_up_to(chat, ann), await read_up_to(chat, bob)] == [3, 2]


async def test_numbers_go_on_from_those_of_http(lane, chat, ann, bob):
    await in_thread(chat.post)(by=ann, text="by http")
    (stored,) = await lane.store([Sender(chat, ann).draft("by socket")])
    again = await in_thread(chat.post)(by=bob, text="by http again")
    assert (stored.seq, again.seq) == (2, 3)
    assert again.pk > stored.pk
    assert await is_whole(chat)


async def test_several_chats_in_one_batch(lane, chat, other_chat, ann, bob, eve):
    senders = [Sender(chat, bob), Sender(other_chat, ann), Sender(chat, ann), Sender(other_chat, eve)]
    outcomes = await lane.store([sender.draft(f"{number}") for number in range(3) for sender in senders])
    assert [outcome.seq for outcome in outcomes] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert len({outcome.pk for outcome in outcomes}) == 12
    assert [text for _seq, _sender, text in await kept(chat)] == ["0", "0", "1", "1", "2", "2"]
    assert await is_whole(chat)
    assert await is_whole(other_chat)
    places = await in_thread(list)(Membership.objects.order_by("pk").values_list("chat", "user", "read_seq"))
    assert set(places) == {
        (chat.pk, ann.pk, 6),
        (chat.pk, bob.pk, 5),
        (other_chat.pk, ann.pk, 5),
        (other_chat.pk, eve.pk, 6),
    }


async def test_every_text_stays_what_it_is(lane, chat, ann):
    sender = Sender(chat, ann)
    outcomes = await lane.store([sender.draft(text) for text in TEXTS])
    assert [outcome.seq for outcome in outcomes] == list(range(1, len(TEXTS) + 1))
    assert [text for _seq, _sender, text in await kept(chat)] == TEXTS


@pytest.mark.parametrize("text", TEXTS)
async def test_a_text_alone_in_its_batch(lane, chat, ann, text):
    await lane.store([Sender(chat, ann).draft(text)])
    assert await kept(chat) == [(1, ann.pk, text)]


async def test_a_text_that_the_database_refuses_stores_nothing(lane, chat, ann):
    sender = Sender(chat, ann)
    with pytest.raises(UnicodeEncodeError):
        await lane.store([sender.draft("good"), sender.draft("half of a pair: \ud83d")])
    assert await kept(chat) == []
    assert [outcome.seq for outcome in await lane.store([sender.draft("good")])] == [1]


# repeats


async def test_the_same_client_id_again(lane, chat, ann, bob):
    sender = Sender(chat, ann)
    (first,) = await lane.store([sender.draft("hello", key(1))])
    again, other, foreign, fresh = await lane.store(
        [
            sender.draft("hello", key(1)),
            Sender(chat, ann).draft("another", key(1)),
            Sender(chat, bob).draft("of Bob", key(1)),
            sender.draft("fresh", key(2)),
        ]
    )
    assert again == Stored(first.pk, 1, first.created, True, "hello")
    assert other == again
    assert [(each.seq, each.is_repeat) for each in (foreign, fresh)] == [(2, False), (3, False)]
    assert [text for _seq, _sender, text in await kept(chat)] == ["hello", "of Bob", "fresh"]
    assert await is_whole(chat)


async def test_a_batch_of_repeats_changes_nothing(lane, chat, ann, bob):
    sender = Sender(chat, ann)
    await lane.store([sender.draft("hello", key(1)), Sender(chat, bob).draft("newer")])
    before = await in_thread(Chat.objects.get)(pk=chat.pk)
    await in_thread(Membership.objects.update)(read_seq=0)
    (again,) = await lane.store([sender.draft("hello", key(1))])
    after = await in_thread(Chat.objects.get)(pk=chat.pk)
    assert (again.seq, again.is_repeat) == (1, True)
    assert (after.last_seq, after.modified) == (before.last_seq, before.modified)
    assert await read_up_to(chat, ann) == 0


@pytest.mark.parametrize("change", ["edit", "erase"])
async def test_nobody_knows_what_a_changed_message_said(lane, chat, ann, change):
    sender = Sender(chat, ann)
    (first,) = await lane.store([sender.draft("hello", key(1))])
    values = {"text": "edited"} if change == "edit" else {}
    await in_thread(getattr(chat, change))(by=ann, seq=1, **values)
    (again,) = await lane.store([sender.draft("hello", key(1))])
    assert again == Stored(first.pk, 1, first.created, True, None)


async def test_a_client_id_counts_over_http_and_sockets(lane, chat, ann):
    posted = await in_thread(chat.post)(by=ann, text="by http", client_id=key(1))
    sender = Sender(chat, ann)
    again, fresh = await lane.store([sender.draft("by http", key(1)), sender.draft("by socket", key(2))])
    assert again == Stored(posted.pk, 1, posted.created, True, "by http")
    repeat = await in_thread(chat.post)(by=ann, text="by socket", client_id=key(2))
    assert (repeat.pk, repeat.is_repeat) == (fresh.pk, True)
    with pytest.raises(ClientIdReused):
        await in_thread(chat.post)(by=ann, text="else", client_id=key(2))
    assert await is_whole(chat)


async def test_the_same_client_id_in_another_chat_is_another_message(lane, chat, other_chat, ann):
    outcomes = await lane.store([Sender(each, ann).draft("hello", key(1)) for each in (chat, other_chat)])
    assert [(outcome.seq, outcome.is_repeat) for outcome in outcomes] == [(1, False), (1, False)]


# who may not


async def end_token(ann, bob):
    await in_thread(AuthToken.objects.filter(user=ann.pk).delete)()


async def expire_token(ann, bob):
    await in_thread(AuthToken.objects.update)(expires_at=timezone.now() - datetime.timedelta(seconds=1))


async def idle_token(ann, bob):
    await in_thread(AuthToken.objects.update)(last_used_at=timezone.now() - datetime.timedelta(days=30, seconds=1))


async def change_password(ann, bob):
    changed = await in_thread(get_user_model().objects.get)(pk=ann.pk)
    changed.set_password("quite another secret")
    await in_thread(changed.save)()


async def deactivate(user):
    await in_thread(get_user_model().objects.filter(pk=user.pk).update)(is_active=False)


ENDINGS = {
    "unfriended": lambda ann, bob: in_thread(Friendship.objects.unfriend)(by=bob, friend=ann),
    "blocked": lambda ann, bob: in_thread(Block.objects.block)(by=bob, user=ann),
    "blocking": lambda ann, bob: in_thread(Block.objects.block)(by=ann, user=bob),
    "deactivated": lambda ann, bob: deactivate(ann),
    "other deactivated": lambda ann, bob: deactivate(bob),
    "other deleted": lambda ann, bob: in_thread(get_user_model().objects.filter(pk=bob.pk).delete)(),
    "deleted": lambda ann, bob: in_thread(get_user_model().objects.filter(pk=ann.pk).delete)(),
    "not a member": lambda ann, bob: in_thread(Membership.objects.filter(user=ann.pk).delete)(),
    "token deleted": end_token,
    "token expired": expire_token,
    "token idle": idle_token,
    "password": change_password,
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_who_may_not_post_is_refused_alone(lane, chat, other_chat, ann, bob, eve, ending):
    token, _key = await in_thread(AuthToken.objects.issue)(ann)
    sender, other = Sender(chat, ann, (AuthToken, token.pk)), Sender(other_chat, eve)
    assert [outcome.seq for outcome in await lane.store([sender.draft("before", key(1))])] == [1]
    await ENDINGS[ending](ann, bob)
    drafts = [sender.draft("late", key(2)), other.draft("hello"), sender.draft("before", key(1))]
    outcomes = await lane.store(drafts)
    # Ann's account has to do with Eve's chat too.
    open_to_eve = ending not in ("deactivated", "deleted")
    assert [outcomes[0], outcomes[2]] == [Refused, Refused]
    assert (outcomes[1] is Refused) is not open_to_eve
    assert [text for _seq, _sender, text in await kept(chat)] == ["before"]
    assert len(await kept(other_chat)) == int(open_to_eve)
    assert await is_whole(chat)


async def test_strangers_and_chats_that_are_not_there(lane, chat, ann, eve):
    nowhere = Chat(pk=chat.pk + 1000)
    good, stranger, lost = Sender(chat, ann), Sender(chat, eve), Sender(nowhere, ann)
    outcomes = await lane.store(
        [stranger.draft("1"), good.draft("2"), lost.draft("3"), stranger.draft("4"), good.draft("5")]
    )
    assert [outcomes[0], outcomes[2], outcomes[3]] == [Refused] * 3
    assert [outcomes[1].seq, outcomes[4].seq] == [1, 2]
    assert [text for _seq, _sender, text in await kept(chat)] == ["2", "5"]
    assert await is_whole(chat)


async def test_a_batch_that_is_refused_as_a_whole(lane, chat, eve):
    before = await in_thread(Chat.objects.get)(pk=chat.pk)
    assert await lane.store([Sender(chat, eve).draft(), Sender(chat, eve).draft()]) == [Refused, Refused]
    after = await in_thread(Chat.objects.get)(pk=chat.pk)
    assert (after.last_seq, after.modified) == (0, before.modified)


async def test_an_address_may_have_to_be_confirmed(lane, chat, ann, bob, configure):
    configure(EMAIL_VERIFICATION="required")
    await in_thread(EmailAddress.objects.verify)(ann)
    left, right = Sender(chat, ann), Sender(chat, bob)
    stored, refused = await lane.store([left.draft(), right.draft()])
    assert (stored.seq, refused) == (1, Refused)
    await in_thread(get_user_model().objects.filter(pk=ann.pk).update)(email="new@example.com")
    assert await lane.store([left.draft()]) == [Refused]
    configure(EMAIL_VERIFICATION="optional")
    assert [outcome.seq for outcome in await lane.store([left.draft(), right.draft()])] == [2, 3]


async def test_a_chat_without_a_pair_is_open_to_its_members(lane, ann, bob, eve):
    """Direct chats ask about the other member; there is none to ask about in one of the site's own."""
    group = await in_thread(Chat.objects.create)()
    for user in (ann, bob):
        await in_thread(Membership.objects.create)(chat=group, user=user)
    outcomes = await lane.store([Sender(group, user).draft() for user in (ann, bob, eve)])
    assert [outcomes[0].seq, outcomes[1].seq, outcomes[2]] == [1, 2, Refused]


# what they signed in by


async def session_of(user, seconds=1000):
    expires = timezone.now() + datetime.timedelta(seconds=seconds)
    row = Session(session_key=f"null{user.pk}"[:40], session_data="", expire_date=expires)
    await in_thread(row.save)()
    return Session, row.session_key


async def test_several_kinds_of_credentials_in_one_batch(lane, chat, ann, bob):
    token, _key = await in_thread(AuthToken.objects.issue)(ann)
    session = await session_of(ann)
    senders = [
        Sender(chat, ann, (AuthToken, token.pk)),
        Sender(chat, ann, session),
        Sender(chat, ann),
        Sender(chat, bob, (AuthToken, token.pk), by_row=False),
    ]
    outcomes = await lane.store([sender.draft() for sender in senders])
    assert [outcome.seq for outcome in outcomes] == [1, 2, 3, 4]
    await in_thread(AuthToken.objects.all().delete)()
    outcomes = await lane.store([sender.draft() for sender in senders])
    assert outcomes[0] is Refused
    assert [outcome.seq for outcome in outcomes[1:]] == [5, 6, 7]
    await in_thread(Session.objects.all().delete)()
    outcomes = await lane.store([sender.draft() for sender in senders])
    assert outcomes[:2] == [Refused, Refused]
    assert [outcome.seq for outcome in outcomes[2:]] == [8, 9]


async def test_a_session_that_has_run_out(lane, chat, ann):
    assert await lane.store([Sender(chat, ann, await session_of(ann, -1)).draft()]) == [Refused]


@pytest.mark.parametrize("name", ["NULL", "null", "a,b", '{"}', "back\\slash", "пароль"])
async def test_session_keys_of_any_kind(lane, chat, ann, name):
    expires = timezone.now() + datetime.timedelta(days=1)
    await in_thread(Session(session_key=name, session_data="", expire_date=expires).save)()
    there, absent = Sender(chat, ann, (Session, name)), Sender(chat, ann, (Session, name + "x"))
    first, second = await lane.store([there.draft(), absent.draft()])
    assert (first.seq, second) == (1, Refused)
    await in_thread(Session.objects.all().delete)()
    assert await lane.store([there.draft()]) == [Refused]


async def test_a_sites_own_credential_may_be_asked_in_bulk(lane, chat, ann, monkeypatch):
    manager = type(Ticket._default_manager)
    monkeypatch.setattr(manager, "unexpired", lambda self: self.filter(expires_at__gt=Now()), raising=False)
    moments = {"alive": 60, "over": -60}
    rows = {}
    for number, (name, seconds) in enumerate(moments.items()):
        expires = timezone.now() + datetime.timedelta(seconds=seconds)
        fields = {"user": ann, "credential": "", "credential_key": "", "fingerprint": ""}
        row = await in_thread(Ticket.objects.create)(digest=str(number), expires_at=expires, **fields)
        rows[name] = (Ticket, row.pk)
    alive, over = (Sender(chat, ann, rows[name]) for name in moments)
    token, _key = await in_thread(AuthToken.objects.issue)(ann)
    outcomes = await lane.store([alive.draft(), over.draft(), Sender(chat, ann, (AuthToken, token.pk)).draft()])
    assert [outcomes[0].seq, outcomes[1], outcomes[2].seq] == [1, Refused, 2]


# decided once the chat is held


async def waits_for_the_lock(task):
    """Whether the batch is in the database, waiting."""

    def is_waiting():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return cursor.fetchone()[0] > 0

    for _ in range(500):
        if await in_thread(is_waiting)():
            return not task.done()
    return False


MEANWHILE = {
    "unfriended": lambda ann, bob, chat: Friendship.objects.unfriend(by=bob, friend=ann),
    "blocked": lambda ann, bob, chat: Block.objects.block(by=bob, user=ann),
    "stored": lambda ann, bob, chat: chat.post(by=ann, text="hello", client_id=key(1)),
    "others": lambda ann, bob, chat: chat.post(by=bob, text="first"),
    "unblocked": lambda ann, bob, chat: Block.objects.all().delete(),
}


@pytest.mark.postgres
@pytest.mark.parametrize("meanwhile", MEANWHILE)
async def test_what_was_committed_while_the_batch_waited_counts(lane, chat, ann, bob, configure, meanwhile):
    """Never the older snapshot from before the lock."""
    configure(CHAT_LOCK_TIMEOUT=20, CHAT_WRITE_TIMEOUT=30)
    if meanwhile == "unblocked":
        pair = (await in_thread(Friendship.objects.first)()).pair_key
        await in_thread(Block.objects.create)(blocker=bob, blocked=ann, pair_key=pair)
    sender = Sender(chat, ann)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        task = asyncio.create_task(lane.store([sender.draft("hello", key(1))]))
        assert await waits_for_the_lock(task)
        await foreign.do(MEANWHILE[meanwhile], ann, bob, chat)
        await foreign.commit()
        (outcome,) = await asyncio.wait_for(task, 20)
    if meanwhile in ("unfriended", "blocked"):
        assert outcome is Refused
    else:
        seq = {"stored": 1, "others": 2, "unblocked": 1}[meanwhile]
        assert (outcome.seq, outcome.is_repeat) == (seq, meanwhile == "stored")
    assert await is_whole(chat)


@pytest.mark.postgres
async def test_a_chat_that_is_held_costs_a_moment(lane, chat, other_chat, ann, bob, configure):
    configure(CHAT_LOCK_TIMEOUT=0.05)
    sender, other = Sender(chat, bob), Sender(other_chat, ann)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        drafts = [sender.draft(), other.draft()]
        with pytest.raises(Contention):
            await lane.store(drafts)
        held, stored = await lane.store(drafts, skip_locked=True)
        assert (held, stored.seq) == (Held, 1)
        assert await lane.store([sender.draft()], skip_locked=True) == [Held]
    assert [outcome.seq for outcome in await lane.store([sender.draft()], skip_locked=True)] == [1]


async def test_skipping_locks_where_there_are_none(lane, chat, ann, eve):
    stored, refused = await lane.store([Sender(chat, ann).draft(), Sender(chat, eve).draft()], skip_locked=True)
    assert (stored.seq, refused) == (1, Refused)


# failures


@pytest.fixture
def unreachable(monkeypatch):
    """``with unreachable():`` nobody can connect to the database."""
    wrapper, nowhere = type(connections["default"]), {"host": "127.0.0.1", "port": 1, "database": "/nowhere/at/all"}

    @contextmanager
    def block():
        params = wrapper.get_connection_params
        with monkeypatch.context() as patch:
            patch.setattr(
                wrapper,
                "get_connection_params",
                lambda self: {name: nowhere.get(name, value) for name, value in params(self).items()},
            )
            yield

    return block


async def test_a_database_that_cannot_be_reached(lane, chat, ann, unreachable):
    sender = Sender(chat, ann)
    with unreachable(), pytest.raises(Down):
        await lane.store([sender.draft()])
    assert [outcome.seq for outcome in await lane.store([sender.draft()])] == [1]


@pytest.mark.postgres
async def test_a_connection_that_was_lost_in_between(lane, chat, ann):
    """The server ends it while nothing is going on: nothing was sent, so nothing is unsure."""
    sender = Sender(chat, ann)
    await lane.store([sender.draft("before")])
    if isinstance(lane, PostgresLane):
        await in_thread(kill)(lane.session.wire.info.backend_pid)
        await asyncio.sleep(0.05)
    assert [outcome.seq for outcome in await lane.store([sender.draft("after")])] == [2]


def kill(pid):
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


async def test_other_errors_of_the_database_are_no_loss_of_it(chat, ann, monkeypatch):
    lane, error = OrmLane(), OperationalError("disk I/O error")

    def failing(self):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "store", failing)
        with pytest.raises(OperationalError) as caught:
            await lane.store([Sender(chat, ann).draft()])
    assert caught.value is error
    assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft()])] == [1]
    await lane.close()
    await in_thread(connections.close_all)()


@pytest.mark.parametrize("usable", [False, True])
async def test_a_connection_that_django_has_replaced_was_lost(chat, ann, monkeypatch, usable):
    lane = OrmLane()

    def losing(self):
        connections["default"].connection.close()
        connections["default"].connection = None
        if usable:
            connections["default"].connect()
            connections["default"].set_autocommit(False)
        raise InterfaceError("connection already closed")

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "store", losing)
        with pytest.raises(Unsure):
            await lane.store([Sender(chat, ann).draft()])
    assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft()])] == [1]
    await lane.close()
    await in_thread(connections.close_all)()


async def test_keys_are_read_where_the_database_does_not_return_them(chat, ann, monkeypatch):
    lane, kind = OrmLane(), type(connections["default"].features)
    monkeypatch.setattr(kind, "can_return_rows_from_bulk_insert", False)
    outcomes = await lane.store([Sender(chat, ann).draft(text) for text in ("one", "two")])
    rows = await in_thread(list)(Message.objects.order_by("seq").values_list("pk", "seq"))
    assert [(outcome.pk, outcome.seq) for outcome in outcomes] == rows
    await lane.close()
    await in_thread(connections.close_all)()


async def test_a_lane_may_be_closed_unused_and_twice(lane, chat, ann):
    fresh = type(lane)()
    await fresh.close()
    if isinstance(lane, PostgresLane):
        await lane.store([Sender(chat, ann).draft()])
        await lane.close()
        assert lane.session is None
        assert [outcome.seq for outcome in await lane.store([Sender(chat, ann).draft()])] == [2]
