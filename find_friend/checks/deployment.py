"""What a security review or an app store would ask for, reported by ``check --deploy``.

HTTPS, secure cookies, hosts and mail servers are left to Django's own checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning
from rest_framework.authentication import BasicAuthentication

from find_friend.authentication import authentication_classes
from find_friend.conf import app_settings
from find_friend.throttling import ScopeThrottle

from .site import ACCOUNTS, CHAT

# Scopes that keep guessing, flooding and finding out at bay.
GUARDS = ("signup", "login", "login_account", "password", "email", "email_account", "confirm", "chat_start")
# More than anybody has a good reason for.
LONGEST = {
    "TOKEN_TTL": timedelta(days=400),
    "TOKEN_IDLE_TTL": timedelta(days=180),
    "PASSWORD_RESET_TTL": timedelta(days=1),
    "EMAIL_VERIFICATION_TTL": timedelta(days=14),
    "WEBSOCKET_TICKET_TTL": timedelta(minutes=5),
    "CHAT_SOCKET_MAX_AGE": timedelta(days=7),
}


def findings() -> Iterator[CheckMessage]:
    yield from cache_of_one_process()
    yield from lifted_throttles()
    yield from long_lives()
    yield from proxies()
    yield from basic_authentication()
    if apps.is_installed(ACCOUNTS):
        yield from addresses_and_ages()
        yield from open_links()
    if apps.is_installed(CHAT):
        yield from open_origins()
        yield from what_people_write()


def cache_of_one_process() -> Iterator[CheckMessage]:
    backend = settings.CACHES.get("default", {}).get("BACKEND", "")
    if backend.endswith(("LocMemCache", "DummyCache")):
        yield Warning(
            "The default cache belongs to one process, so each server process counts rate limits by itself.",
            hint="Use a shared cache such as Redis.",
            id="find_friend.W002",
        )


def lifted_throttles() -> Iterator[CheckMessage]:
    rates = app_settings.THROTTLE_RATES
    counted = any(issubclass(cls, ScopeThrottle) for cls in app_settings.THROTTLE_CLASSES)
    lifted = [scope for scope in GUARDS if rates[scope] is None or not counted]
    if lifted:
        yield Warning(
            f"Nothing limits how often somebody may try: {', '.join(lifted)}.",
            hint="Give the scopes a rate in THROTTLE_RATES, and keep a ScopeThrottle in THROTTLE_CLASSES.",
            id="find_friend.W020",
        )


def long_lives() -> Iterator[CheckMessage]:
    for name, longest in LONGEST.items():
        value = getattr(app_settings, name)
        if value > longest:
            yield Warning(
                f"FIND_FRIEND[{name!r}] is {value}; what is stolen works for all of that time.",
                hint=f"Make it {longest} or less.",
                id="find_friend.W021",
            )


def proxies() -> Iterator[CheckMessage]:
    proxies, by_header = app_settings.TRUSTED_PROXIES, settings.SECURE_PROXY_SSL_HEADER is not None
    if by_header and not proxies:
        yield Warning(
            "SECURE_PROXY_SSL_HEADER trusts a proxy, and TRUSTED_PROXIES is 0: all guests share one rate limit, that "
            "of the proxy's address.",
            hint="Count the proxies that append to X-Forwarded-For in TRUSTED_PROXIES.",
            id="find_friend.W022",
        )
    elif proxies and not by_header:
        yield Warning(
            "TRUSTED_PROXIES counts proxies, and SECURE_PROXY_SSL_HEADER is not set: the site takes every request for "
            "plain http, makes such links, and lets pages of http origins use its sockets.",
            hint="Set SECURE_PROXY_SSL_HEADER to what the proxy writes, unless it passes TLS through.",
            id="find_friend.W022",
        )


def basic_authentication() -> Iterator[CheckMessage]:
    if any(issubclass(cls, BasicAuthentication) for cls in authentication_classes()):
        yield Warning(
            "Basic authentication takes a password with every call, past the throttles of signing in.",
            hint="Leave it out of AUTHENTICATION_CLASSES or of the site's REST_FRAMEWORK.",
            id="find_friend.W023",
        )


def addresses_and_ages() -> Iterator[CheckMessage]:
    if app_settings.EMAIL_VERIFICATION == "off":
        yield Warning(
            'EMAIL_VERIFICATION is "off": people sign up with the addresses of others, and nobody finds out.',
            hint='Set it to "optional" or "required".',
            id="find_friend.W024",
        )
    if app_settings.MINIMUM_AGE is None:
        yield Info(
            "MINIMUM_AGE is not set: children of any age may sign up. App stores and laws ask for one.",
            hint="Set it to 13, 16 or 18, as your rules say.",
            id="find_friend.I001",
        )


def open_links() -> Iterator[CheckMessage]:
    links = {**app_settings.LINKS, "PAGES_ORIGIN": app_settings.PAGES_ORIGIN}
    plain = [name for name, link in links.items() if isinstance(link, str) and link.startswith("http:")]
    if plain:
        yield Warning(
            f"Links in mails go over plain http, where their tokens can be read: {', '.join(plain)}.",
            hint="Write https into LINKS and PAGES_ORIGIN.",
            id="find_friend.W025",
        )


def open_origins() -> Iterator[CheckMessage]:
    plain: list[Any] = [origin for origin in app_settings.WEBSOCKET_ALLOWED_ORIGINS if origin.startswith("http:")]
    if plain:
        yield Warning(
            f"Pages that came over plain http may open sockets: {', '.join(plain)}.",
            hint="Leave only https origins in WEBSOCKET_ALLOWED_ORIGINS.",
            id="find_friend.W026",
        )


def what_people_write() -> Iterator[CheckMessage]:
    if app_settings.CHAT_CONTENT_HOOK is None:
        yield Info(
            "CHAT_CONTENT_HOOK is not set: nothing looks at what people write. App stores ask for a filter.",
            hint="Name a function that refuses, rewrites or flags texts.",
            id="find_friend.I002",
        )
    if not app_settings.ERASE_MESSAGES_OF_DELETED_USERS:
        yield Info(
            "ERASE_MESSAGES_OF_DELETED_USERS is off: who deletes an account leaves every text behind.",
            hint="Switch it on where your rules promise erasure.",
            id="find_friend.I003",
        )
