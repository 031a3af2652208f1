"""Whoever loses a right loses the open socket, within a second, whichever way the right was lost."""

import datetime

import pytest
from channels.db import database_sync_to_async as in_thread
from channels.testing import WebsocketCommunicator
from django.contrib.auth import get_user_model
from django.utils import timezone

from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Message
from find_friend.friends.models import Block, Friendship
from find_friend.signals import rights_changed
from tests.conftest import PASSWORD, hang_up

pytestmark = pytest.mark.django_db(transaction=True)

SIGNED_OUT, FORBIDDEN = 4401, 4403


@pytest.fixture
def call(api):
    """``await call(ann, "delete", "friends/7/", …)`` asks the API in another session of Ann's."""

    async def made(user, method, path, body=None):
        client = await in_thread(api)(user)
        answer = await in_thread(getattr(client, method))(f"/api/v1/{path}", body, format="json")
        assert answer.status_code < 300, answer.content
        return answer

    return made


@pytest.mark.needs("friends")
async def test_unfriending_through_the_api_ends_both_sockets(chat_socket, call, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await call(ann, "delete", f"friends/{bob.pk}/")
        assert [await left.closed(1), await right.closed(1)] == [FORBIDDEN, FORBIDDEN]


async def test_unfriending_in_code_ends_both_sockets(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await in_thread(Friendship.objects.unfriend)(by=bob, friend=ann)
        assert [await left.closed(1), await right.closed(1)] == [FORBIDDEN, FORBIDDEN]


@pytest.mark.needs("friends")
async def test_blocking_through_the_api_ends_both_sockets(chat_socket, call, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await call(bob, "post", "blocks/", {"user": str(ann.pk)})
        assert [await left.closed(1), await right.closed(1)] == [FORBIDDEN, FORBIDDEN]


async def test_blocking_in_code_ends_both_sockets(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await in_thread(Block.objects.block)(by=bob, user=ann)
        assert [await left.closed(1), await right.closed(1)] == [FORBIDDEN, FORBIDDEN]


async def test_logging_out_ends_the_sockets_of_that_token_only(open_socket, api, chat, ann):
    (_token, key), (_other, other_key) = [await in_thread(AuthToken.objects.issue)(ann) for _ in range(2)]
    client = await in_thread(api)()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    path = f"/ws/chat/{chat.pk}/"
    async with (
        open_socket(path, [(b"authorization", f"Token {key}".encode())]) as (socket, _accepted),
        open_socket(path, [(b"authorization", f"Token {other_key}".encode())]) as (other, _also),
    ):
        assert (await in_thread(client.post)("/api/v1/auth/token/logout/")).status_code == 204
        assert await socket.closed(1) == SIGNED_OUT
        await other.post("still here")
        assert await other.texts(1) == ["still here"]
    async with open_socket(path, [(b"authorization", f"Token {key}".encode())]) as (_socket, accepted):
        assert not accepted


@pytest.mark.needs("accounts")
async def test_logging_out_everywhere_ends_every_socket(chat_socket, call, chat, ann):
    async with chat_socket(chat, ann) as one, chat_socket(chat, ann) as two:
        await call(ann, "post", "auth/token/logout-all/")
        assert [await one.closed(1), await two.closed(1)] == [SIGNED_OUT, SIGNED_OUT]


@pytest.mark.parametrize("way", ["revoke", "delete", "revoke_all", "queryset"])
async def test_a_token_that_ends_in_code_ends_the_socket(chat_socket, chat, ann, way):
    async with chat_socket(chat, ann) as socket:
        token = await in_thread(AuthToken.objects.get)()
        ways = {
            "revoke": token.revoke,
            "delete": token.delete,
            "revoke_all": lambda: AuthToken.objects.revoke_all(ann),
            "queryset": AuthToken.objects.filter(user=ann).delete,
        }
        await in_thread(ways[way])()
        assert await socket.closed(1) == SIGNED_OUT


@pytest.mark.needs("accounts")
async def test_changing_the_password_through_the_api_ends_the_socket(chat_socket, call, chat, ann):
    async with chat_socket(chat, ann) as socket:
        body = {"current_password": PASSWORD, "new_password": "quite another secret"}
        await call(ann, "post", "users/set_password/", body)
        assert await socket.closed(1) == SIGNED_OUT


async def test_changing_the_password_in_code_ends_the_socket(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        ann.set_password("quite another secret")
        await in_thread(ann.save)(update_fields=["password"])
        assert await socket.closed(1) == SIGNED_OUT


async def test_deactivation_by_save_ends_the_socket(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        ann.is_active = False
        await in_thread(ann.save)()
        assert await socket.closed(1) == SIGNED_OUT


@pytest.mark.needs("accounts")
async def test_deletion_through_the_api_ends_the_socket(chat_socket, call, chat, ann):
    async with chat_socket(chat, ann) as socket:
        await call(ann, "delete", "users/me/", {"current_password": PASSWORD})
        assert await socket.closed(1) == SIGNED_OUT


async def test_deletion_in_code_ends_the_socket(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        await in_thread(get_user_model().objects.filter(pk=ann.pk).delete)()
        assert await socket.closed(1) == SIGNED_OUT


async def test_a_site_may_say_that_rights_have_changed(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        await in_thread(get_user_model().objects.filter(pk=ann.pk).update)(is_active=False)
        await in_thread(rights_changed.send_on_commit)(get_user_model(), users=[ann.pk])
        assert await socket.closed(1) == SIGNED_OUT


async def test_a_harmless_save_leaves_the_socket_alone(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        ann.first_name = "Anna"
        await in_thread(ann.save)()
        await socket.nothing()
        await socket.post("still here")
        assert await socket.texts(1) == ["still here"]


# changes that nobody announces: the next frame finds them out, or the sweep does


async def silently(change, ann, bob):
    changes = {
        "deactivation": lambda: get_user_model().objects.filter(pk=ann.pk).update(is_active=False),
        "expiry": lambda: AuthToken.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1)),
        "friendship": lambda: Friendship.objects.between(ann, bob)._raw_delete("default"),
        "other_deactivated": lambda: get_user_model().objects.filter(pk=bob.pk).update(is_active=False),
    }
    await in_thread(changes[change])()


CHANGES = [
    ("deactivation", SIGNED_OUT),
    ("expiry", SIGNED_OUT),
    ("friendship", FORBIDDEN),
    ("other_deactivated", FORBIDDEN),
]


@pytest.mark.parametrize(("change", "code"), CHANGES)
async def test_the_next_frame_finds_out(chat_socket, chat, ann, bob, change, code):
    async with chat_socket(chat, ann) as socket:
        await silently(change, ann, bob)
        await socket.post("too late")
        assert await socket.closed() == code
    assert not await in_thread(Message.objects.exists)()


@pytest.mark.parametrize(("change", "code"), CHANGES)
async def test_the_sweep_finds_out(chat_socket, chat, ann, bob, configure, change, code):
    configure(CHAT_SWEEP_INTERVAL=0.05)
    async with chat_socket(chat, ann) as socket:
        await silently(change, ann, bob)
        assert await socket.closed() == code


@pytest.mark.needs("friends")
async def test_rights_that_end_during_the_handshake_are_noticed(chat_socket, open_socket, token_header, chat, ann, bob):
    """The layer is slow to take the socket in; before it is accepted, the friendship ends."""
    from channels.layers import channel_layers

    layer = channel_layers["default"]
    header = await token_header(ann)
    join = layer.group_add

    async def join_and_unfriend(*args):
        await in_thread(Friendship.objects.unfriend)(by=bob, friend=ann)
        await join(*args)

    layer.group_add = join_and_unfriend
    try:
        async with open_socket(f"/ws/chat/{chat.pk}/", [header]) as (_socket, accepted):
            assert not accepted
    finally:
        layer.group_add = join


# a site with a middleware of its own


class SiteMiddleware:
    def __init__(self, inner, user):
        self.inner, self.user = inner, user

    async def __call__(self, scope, receive, send):
        return await self.inner({**scope, "user": self.user}, receive, send)


def own_wire(chat, user, wrap=True):
    from channels.routing import URLRouter

    from find_friend.routing import websocket_urlpatterns

    routes = URLRouter(websocket_urlpatterns)
    return WebsocketCommunicator(SiteMiddleware(routes, user) if wrap else routes, f"/ws/chat/{chat.pk}/")


async def test_the_user_of_a_sites_own_middleware_is_read_anew(chat, ann):
    wire = own_wire(chat, ann)
    assert (await wire.connect())[0]
    await wire.send_to("hello")
    assert (await wire.receive_json_from())["text"] == "hello"
    ann.is_active = False
    await in_thread(ann.save)()
    assert (await wire.receive_output())["code"] == SIGNED_OUT
    await hang_up(wire)


async def test_with_a_sites_own_middleware_a_new_password_ends_the_socket(chat, ann):
    wire = own_wire(chat, ann)
    assert (await wire.connect())[0]
    changed = await in_thread(get_user_model().objects.get)(pk=ann.pk)
    changed.set_password("quite another secret")
    await in_thread(changed.save)()
    assert (await wire.receive_output())["code"] == SIGNED_OUT
    await hang_up(wire)


async def test_without_any_middleware_nobody_gets_in(chat, ann):
    from django.contrib.auth.models import AnonymousUser

    for wire in (own_wire(chat, None, wrap=False), own_wire(chat, None), own_wire(chat, AnonymousUser())):
        assert (await wire.connect())[0] is False
        await hang_up(wire)
