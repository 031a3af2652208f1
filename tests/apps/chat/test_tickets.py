"""Tickets, sessions and other ways to say who opens a socket."""

import datetime
import threading
from urllib.parse import quote

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from find_friend.accounts.models import AuthToken
from find_friend.chat import delivery
from find_friend.chat.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)

TICKET = "/api/v1/auth/ws-ticket/"
HOST = (b"host", b"example.com")


@pytest.fixture
def opens(open_socket, chat):
    """Whether a handshake with this query and these headers is accepted."""

    async def tried(query="", *headers):
        async with open_socket(f"/ws/chat/{chat.pk}/?{query}", [HOST, *headers]) as (_socket, accepted):
            return accepted

    return tried


@pytest.fixture
def ticket_of(api):
    async def made(user):
        client = await in_thread(api)(user)
        return (await in_thread(client.post)(TICKET)).json()["ticket"]

    return made


def age_tickets(**by):
    Ticket.objects.update(expires_at=timezone.now() - datetime.timedelta(**by))


def test_a_ticket_is_short_lived_and_kept_as_a_digest(api, ann, configure):
    configure(WEBSOCKET_TICKET_TTL=datetime.timedelta(seconds=7))
    answer = api(ann).post(TICKET)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer.json().keys() == {"ticket", "expires_in"}
    assert answer.json()["expires_in"] == 7
    row = Ticket.objects.get()
    assert answer.json()["ticket"] not in str(vars(row))
    assert str(row) == str(row.pk)
    assert row.expires_at <= timezone.now() + datetime.timedelta(seconds=7)


def test_tickets_are_limited(api, ann, configure):
    configure(THROTTLE_RATES={"ticket": "1/min"})
    client = api(ann)
    assert [client.post(TICKET).status_code for _ in range(2)] == [200, 429]


async def test_a_ticket_opens_one_socket(opens, ticket_of, ann):
    ticket = await ticket_of(ann)
    assert await opens(f"ticket={ticket}")
    assert not await opens(f"ticket={ticket}")
    assert not await in_thread(Ticket.objects.exists)()


async def test_only_the_ticket_counts_where_there_is_one(opens, token_header, ann):
    assert not await opens("ticket=wrong", await token_header(ann))


async def test_an_expired_ticket_opens_nothing(opens, ticket_of, ann):
    ticket = await ticket_of(ann)
    await in_thread(age_tickets)(seconds=1)
    assert not await opens(f"ticket={ticket}")


async def test_a_ticket_is_bound_to_its_user(opens, ticket_of, eve):
    assert not await opens(f"ticket={await ticket_of(eve)}")


@pytest.mark.parametrize("end", ["logout", "expiry", "deactivation", "password"])
async def test_a_ticket_ends_with_what_it_came_from(opens, ticket_of, ann, end):
    ticket = await ticket_of(ann)
    ends = {
        "logout": lambda: AuthToken.objects.revoke_all(ann),
        "expiry": lambda: AuthToken.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1)),
        "deactivation": lambda: get_user_model().objects.filter(pk=ann.pk).update(is_active=False),
        "password": lambda: get_user_model().objects.filter(pk=ann.pk).update(password="!"),
    }
    await in_thread(ends[end])()
    assert not await opens(f"ticket={ticket}")


async def test_a_socket_opened_by_a_ticket_ends_with_its_token(open_socket, ticket_of, chat, ann):
    async with open_socket(f"/ws/chat/{chat.pk}/?ticket={await ticket_of(ann)}") as (socket, accepted):
        assert accepted
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
        await in_thread(AuthToken.objects.revoke_all)(ann)
        assert await socket.closed(1) == 4401


def test_two_at_once_spend_one_ticket(ann):
    key = Ticket.objects.issue(user=ann)
    start, won = threading.Barrier(4), []

    def spend():
        start.wait()
        try:
            won.append(Ticket.objects.spend(key))
        finally:
            connection.close()

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ticket is not None for ticket in won) == 1


def test_expired_tickets_are_cleaned_up(ann, bob):
    for user in (ann, bob):
        Ticket.objects.issue(user=user)
    age_tickets(seconds=1)
    Ticket.objects.issue(user=ann)  # takes away what is left of Ann's
    assert Ticket.objects.count() == 2
    call_command("find_friend_cleanup", verbosity=0)
    assert Ticket.objects.get().user == ann


# sessions


@pytest.fixture
def signed_in(ann):
    """A browser in which Ann is signed in, and its cookie header."""
    browser = Client()
    browser.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    return browser, (b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode())


OWN = (b"origin", b"http://example.com")


async def test_a_session_opens_a_socket_from_the_sites_own_pages(opens, signed_in):
    assert await opens("", signed_in[1], OWN)
    assert await opens("", signed_in[1], (b"origin", b"https://example.com"))


async def test_without_an_origin_cookies_do_not_count(opens, signed_in):
    assert not await opens("", signed_in[1])


@pytest.mark.parametrize(
    "origin",
    [
        b"http://evil.example",
        b"null",
        b"",
        b"http://example.com.evil.example",
        b"http://example.com:8000",
        b"file://",
        b"http://[",
        b"\xff",
        b"http://example.com,http://evil.example",
        b"ftp://example.com",
        b"//example.com",
    ],
)
async def test_a_foreign_origin_is_refused_whatever_it_sends(
    opens, signed_in, token_header, ticket_of, ann, origin, caplog
):
    header = (b"origin", origin)
    assert not await opens("", signed_in[1], header)
    assert not await opens("", await token_header(ann), header)
    ticket = await ticket_of(ann)
    assert not await opens(f"ticket={ticket}", header)
    assert await opens(f"ticket={ticket}")  # and it was not spent
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_host_that_is_not_ours_has_no_own_pages(opens, signed_in, settings, caplog):
    settings.ALLOWED_HOSTS = ["other.example"]
    assert not await opens("", signed_in[1], OWN)
    assert not [record for record in caplog.records if record.exc_info]


async def test_trusted_origins(opens, signed_in, settings, configure):
    shop, app = (b"origin", b"https://shop.example.org"), (b"origin", b"https://app.example.net")
    assert [await opens("", signed_in[1], origin) for origin in (shop, app)] == [False, False]
    settings.CSRF_TRUSTED_ORIGINS = ["https://*.example.org"]
    configure(WEBSOCKET_ALLOWED_ORIGINS=["https://app.example.net"])
    assert [await opens("", signed_in[1], origin) for origin in (shop, app)] == [True, True]
    assert not await opens("", signed_in[1], (b"origin", b"http://shop.example.org"))
    settings.CSRF_TRUSTED_ORIGINS = ["https://shop.example.org"]
    assert await opens("", signed_in[1], shop)


async def test_over_tls_the_pages_need_tls_too(opens, signed_in, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    tls = (b"x-forwarded-proto", b"https")
    assert not await opens("", signed_in[1], OWN, tls)
    assert await opens("", signed_in[1], (b"origin", b"https://example.com"), tls)


@pytest.mark.parametrize("cookie", [b"sessionid=wrong", b"sessionid=\x00\xff", b"sessionid=", b"=;;;", b"\xff\xfe"])
async def test_a_wrong_cookie_opens_nothing(opens, cookie, caplog):
    assert not await opens("", (b"cookie", cookie), OWN)
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("end", ["logout", "password", "deleted", "backend"])
async def test_the_socket_ends_with_the_session(open_socket, signed_in, chat, ann, end, settings):
    browser, cookie = signed_in
    async with open_socket(f"/ws/chat/{chat.pk}/", [HOST, OWN, cookie]) as (socket, accepted):
        assert accepted
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
        if end == "logout":
            await in_thread(browser.logout)()
        elif end == "password":
            await in_thread(get_user_model().objects.filter(pk=ann.pk).update)(password="!")
        elif end == "deleted":
            await in_thread(get_user_model().objects.filter(pk=ann.pk).delete)()
        else:
            # Settings stay while a process runs, so tables alone decide about a message; a thorough look asks them too.
            settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
            await in_thread(delivery.recheck)([ann.pk])
        if end != "backend":
            await socket.post("too late")
        assert await socket.closed() == 4401


async def test_a_session_survives_a_new_secret_key(opens, signed_in, settings):
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another one, long enough for every check that counts its characters"
    assert not await opens("", signed_in[1], OWN)
    settings.SECRET_KEY_FALLBACKS = [old]
    for _ in range(2):  # the session was not renewed, or the browser's cookie would be lost
        assert await opens("", signed_in[1], OWN)


async def test_a_ticket_of_a_session_ends_with_it(opens, open_socket, signed_in, chat):
    browser, _cookie = signed_in

    async def ticket():
        return (await in_thread(browser.post)(TICKET)).json()["ticket"]

    async with open_socket(f"/ws/chat/{chat.pk}/?ticket={await ticket()}") as (socket, accepted):
        assert accepted
        unused = await ticket()
        await in_thread(browser.logout)()
        await socket.post("too late")
        assert await socket.closed() == 4401
    assert not await opens(f"ticket={unused}")


async def test_a_site_without_sessions(opens, signed_in, token_header, ann, settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.sessions"]
    assert not await opens("", signed_in[1], OWN)
    assert await opens("", await token_header(ann), OWN)
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.sessions"]


async def test_sessions_that_live_in_the_cache(open_socket, chat, ann, settings):
    """There is no row to look at with each message; rights that change and the sweep ask the site."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    browser = Client()
    await in_thread(browser.force_login)(ann)
    cookie = (b"cookie", f"sessionid={browser.cookies['sessionid'].value}".encode())
    async with open_socket(f"/ws/chat/{chat.pk}/", [HOST, OWN, cookie]) as (socket, accepted):
        assert accepted
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
        await in_thread(browser.logout)()
        await in_thread(delivery.recheck)([ann.pk])
        assert await socket.closed() == 4401


# other authentication classes of the site


async def test_any_authentication_class_of_the_site_counts(opens, chat, ann, configure):
    configure(AUTHENTICATION_CLASSES=["tests.apps.chat.site.KeyAuthentication"])
    assert await opens("", (b"x-key", quote(str(ann.pk)).encode()))
    assert not await opens("", (b"x-key", b"wrong"))
    assert not await opens()


def test_a_ticket_of_such_a_class_is_bound_to_the_user_alone(api, ann, configure):
    configure(AUTHENTICATION_CLASSES=["tests.apps.chat.site.KeyAuthentication"])
    answer = api().post(TICKET, headers={"X-Key": str(ann.pk)})
    ticket = Ticket.objects.spend(answer.json()["ticket"])
    assert (ticket.credential, ticket.row) == ("", None)
    assert ticket.current_user() == ann


def test_a_ticket_is_bound_to_whichever_row_signed_in(ann):
    row = Permission.objects.first()
    ticket = Ticket.objects.spend(Ticket.objects.issue(user=ann, auth=row))
    assert ticket.current_user() == ann
    row.delete()
    assert ticket.current_user() is None


async def test_an_authentication_class_that_breaks_refuses_and_is_logged(opens, configure, caplog):
    configure(AUTHENTICATION_CLASSES=["tests.apps.chat.site.BrokenAuthentication"])
    assert not await opens()
    assert "A socket's handshake could not be authenticated." in caplog.messages


@pytest.mark.needs("accounts")
async def test_signing_out_in_the_browser_ends_its_sockets_at_once(open_socket, signed_in, chat):
    browser, cookie = signed_in
    async with open_socket(f"/ws/chat/{chat.pk}/", [HOST, OWN, cookie]) as (socket, accepted):
        assert accepted
        assert (await in_thread(browser.post)("/api/v1/auth/token/logout/")).status_code == 204
        assert await socket.closed(1) == 4401
