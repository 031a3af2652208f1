"""Answers for many at once are the single answers, and an overridden single answer always counts."""

import datetime
import itertools

import pytest
from channels.db import database_sync_to_async as in_thread
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from find_friend.accounts.models import AuthToken, EmailAddress
from find_friend.chat import postgres
from find_friend.chat.hub import current_hub
from find_friend.chat.models import Chat, Membership, Message, Ticket
from find_friend.chat.rights import bulk_policy, living, open_pairs, stamp_of, unexpired
from find_friend.friends.models import Block, Friendship
from find_friend.friends.policies import FriendsPolicy
from find_friend.pairs import pair_key
from find_friend.policies import Policy

pytestmark = pytest.mark.django_db(transaction=True)

FORBIDDEN, SIGNED_OUT = 4403, 4401


# the same answers


@pytest.mark.parametrize("rules", [Policy(), FriendsPolicy()], ids=["Policy", "FriendsPolicy"])
@pytest.mark.parametrize("friends", [False, True])
@pytest.mark.parametrize("blocks", ["", "one", "other", "both"])
def test_who_may_message_whom(ann, bob, eve, rules, friends, blocks):
    def ask(user, other):
        asked = Chat.objects.create(initiator=user, receiver=other)
        return Chat.objects.filter(rules.may_message_in_bulk("initiator_id", "receiver_id"), pk=asked.pk).exists()

    key = pair_key(ann, bob)
    if friends:
        for user, friend in ((ann, bob), (bob, ann)):
            Friendship.objects.create(user=user, friend=friend, pair_key=key)
    if blocks in ("one", "both"):
        Block.objects.create(blocker=ann, blocked=bob, pair_key=key)
    if blocks in ("other", "both"):
        Block.objects.create(blocker=bob, blocked=ann, pair_key=key)
    answers = []
    for states in itertools.product([True, False], repeat=2):
        for user, active in zip((ann, bob), states, strict=True):
            user.is_active = active
            user.save()
        for pair in itertools.permutations((ann, bob, eve), 2):
            single = rules.may_message(*pair)
            assert ask(*pair) is single, (pair, states)
            answers.append(single)
    # The table is not all yes or all no where it should not be.
    assert any(answers) is (type(rules) is Policy or (friends and not blocks))
    assert not all(answers)


ADDRESSES = {
    "none": lambda user: None,
    "not confirmed": EmailAddress.objects.sync,
    "confirmed": EmailAddress.objects.verify,
    "changed behind our back": lambda user: rename(user, "other@example.com"),
    "other spelling": lambda user: rename(user, user.email.upper()),
    "with space around": lambda user: rename(user, f"  {user.email} "),
    "emptied": lambda user: rename(user, ""),
}


def rename(user, email):
    EmailAddress.objects.verify(user)
    type(user)._base_manager.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()


@pytest.mark.needs("accounts")
@pytest.mark.parametrize("rules", [Policy(), FriendsPolicy()], ids=["Policy", "FriendsPolicy"])
@pytest.mark.parametrize("verification", ["off", "optional", "required"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may_take_part(ann, bob, configure, rules, verification, address):
    configure(EMAIL_VERIFICATION=verification)
    ADDRESSES[address](ann)
    asked = Chat.objects.create(initiator=ann, receiver=bob)
    single = rules.may_take_part(ann)
    assert Chat.objects.filter(rules.may_take_part_in_bulk("initiator_id"), pk=asked.pk).exists() is single
    confirmed = address in ("confirmed", "other spelling", "with space around")
    assert single is (verification != "required" or confirmed)


class Single(FriendsPolicy):
    """Says the same, but one by one."""

    def may_message(self, user, other):
        return super().may_message(user, other)


@pytest.fixture(params=["bulk", "single"])
def either(request, configure):
    configure(POLICY=f"{__name__}.Single" if request.param == "single" else None)
    assert (bulk_policy() is None) is (request.param == "single")


@pytest.mark.needs("friends")
def test_open_pairs_are_those_that_were_asked_for(either, ann, bob, eve, befriend):
    befriend(ann, bob)
    befriend(ann, eve)
    first, second = Chat.objects.direct(by=ann, to=bob)[0], Chat.objects.direct(by=eve, to=ann)[0]
    asked = {(first.pk, bob.pk), (second.pk, ann.pk), (first.pk, eve.pk), (second.pk + 1, ann.pk)}
    assert open_pairs(asked) == {
        (first.pk, bob.pk): stamp_of(bob.password),
        (second.pk, ann.pk): stamp_of(ann.password),
    }
    assert open_pairs(set()) == {}


@pytest.mark.needs("friends")
def test_a_chat_closes_for_both(either, chat, ann, bob):
    pairs = {(chat.pk, ann.pk), (chat.pk, bob.pk)}
    assert open_pairs(pairs).keys() == pairs
    Friendship.objects.unfriend(by=bob, friend=ann)
    assert open_pairs(pairs) == {}


@pytest.mark.needs("friends")
def test_a_chat_whose_other_member_is_gone_is_closed(either, chat, ann, bob):
    pairs = {(chat.pk, ann.pk)}
    bob.delete()
    assert open_pairs(pairs) == {}


@pytest.mark.needs("friends")
def test_chats_of_a_sites_own_ask_only_for_membership(either, ann, bob):
    group = Chat.objects.create()
    Membership.objects.create(chat=group, user=ann)
    assert open_pairs({(group.pk, ann.pk), (group.pk, bob.pk)}).keys() == {(group.pk, ann.pk)}


# an overridden single answer is never bypassed

CLOSED = set()


@pytest.fixture
def closed():
    """Keys of users to whom the policies here say no."""
    CLOSED.clear()
    yield CLOSED
    CLOSED.clear()


class OpenMessage(Policy):
    def may_message(self, user, other):
        return super().may_message(user, other) and not CLOSED & {user.pk, other.pk}


class OpenTakePart(Policy):
    def may_take_part(self, user):
        return super().may_take_part(user) and user.pk not in CLOSED


class FriendsMessage(FriendsPolicy):
    def may_message(self, user, other):
        return super().may_message(user, other) and not CLOSED & {user.pk, other.pk}


class FriendsTakePart(FriendsPolicy):
    def may_take_part(self, user):
        return super().may_take_part(user) and user.pk not in CLOSED


class ByMixin(OpenTakePart, FriendsPolicy):
    """What a mixin overrides counts too."""


SINGLE = [OpenMessage, OpenTakePart, FriendsMessage, FriendsTakePart, ByMixin]


@pytest.fixture(params=SINGLE, ids=lambda rules: rules.__name__)
def site(request, configure, closed):
    configure(POLICY=f"{__name__}.{request.param.__name__}")
    assert bulk_policy() is None


@pytest.mark.needs("friends")
async def test_the_single_answer_decides_on_connecting(site, closed, open_socket, token_header, chat, ann):
    closed.add(ann.pk)
    header = await token_header(ann)
    async with open_socket(f"/ws/chat/{chat.pk}/", [header], ["ff.chat.v1"]) as (socket, _accepted):
        assert await socket.closed() == FORBIDDEN


@pytest.mark.needs("friends")
async def test_the_single_answer_decides_for_each_message(site, closed, chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        await socket.post("before")
        assert await socket.texts(1) == ["before"]
        assert [name.split()[1] for name in current_hub().writer.lanes] == ["OrmLane"]
        closed.add(ann.pk)
        await socket.post("after")
        assert await socket.closed() == FORBIDDEN
    assert await in_thread(Message.objects.count)() == 1


@pytest.mark.needs("friends")
async def test_the_single_answer_decides_in_the_sweep(site, closed, chat_socket, chat, ann, configure):
    configure(CHAT_SWEEP_INTERVAL=0.05)
    async with chat_socket(chat, ann) as socket:
        closed.add(ann.pk)
        assert await socket.closed() == FORBIDDEN


class Both(FriendsMessage):
    """Overrides both, so the bulk answer counts where many are asked about."""

    def may_message_in_bulk(self, user, other):
        return super().may_message_in_bulk(user, other)


@pytest.mark.postgres
@pytest.mark.needs("friends")
async def test_a_site_that_answers_in_bulk_takes_the_short_way(configure, chat_socket, chat, ann):
    configure(POLICY=f"{__name__}.Both")
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
        assert [name.split()[1] for name in current_hub().writer.lanes] == ["PostgresLane"]


# a site's own credentials: here, tickets as tokens


class TicketAuthentication(BaseAuthentication):
    def authenticate(self, request):
        row = Ticket.objects.filter(digest=request.headers.get("X-Row")).first()
        if row is None:
            raise AuthenticationFailed
        return row.user, row


@pytest.fixture
def row(configure, ann):
    configure(AUTHENTICATION_CLASSES=[f"{__name__}.TicketAuthentication"])
    fields = {"credential": "", "credential_key": "", "fingerprint": ""}
    return Ticket.objects.create(digest="row", user=ann, expires_at=timezone.now() + datetime.timedelta(1), **fields)


@pytest.fixture(params=["orm", pytest.param("postgres", marks=pytest.mark.postgres)])
def lane(request, monkeypatch):
    if request.param == "orm":
        monkeypatch.setattr(postgres, "is_usable", lambda using: False)


@pytest.fixture
def in_bulk(monkeypatch):
    """The model of the credential gets a method that tells which rows still count."""
    manager = type(Ticket._default_manager)
    monkeypatch.setattr(manager, "unexpired", lambda self: self.filter(expires_at__gt=Now()), raising=False)


@pytest.mark.needs("accounts")
def test_which_credentials_can_be_asked_in_bulk(ann):
    from django.contrib.sessions.models import Session

    assert unexpired(Ticket) is None
    assert unexpired(AuthToken) is not None
    assert unexpired(Session) is not None
    token, _key = AuthToken.objects.issue(ann)
    asked = [(AuthToken, token.pk), (AuthToken, Ticket().pk), (Ticket, 1), (Session, "x")]
    assert living(asked) == {(AuthToken, token.pk)}
    assert living([]) == set()


async def test_a_credential_that_can_be_asked_in_bulk_counts_for_each_message(
    lane, in_bulk, row, open_socket, chat, ann
):
    async with open_socket(f"/ws/chat/{chat.pk}/", [(b"x-row", b"row")]) as (socket, accepted):
        assert accepted
        await socket.post("before")
        assert await socket.texts(1) == ["before"]
        await in_thread(Ticket.objects.all().delete)()
        await socket.post("after")
        assert await socket.closed() == SIGNED_OUT
    assert await in_thread(Message.objects.count)() == 1


async def test_a_credential_that_cannot_is_looked_at_by_the_sweep(lane, row, open_socket, chat, ann, configure):
    async with open_socket(f"/ws/chat/{chat.pk}/", [(b"x-row", b"row")]) as (socket, accepted):
        assert accepted
        await socket.post("before")
        assert await socket.texts(1) == ["before"]
        await in_thread(Ticket.objects.all().delete)()
        await current_hub().sweep(0)
        assert await socket.closed() == SIGNED_OUT
