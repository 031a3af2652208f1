"""Who opens a socket: any authentication class of the site by header, its session by cookie, or a ticket."""

from __future__ import annotations

import io
import logging
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.db import models
from django.utils.http import is_same_domain
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from find_friend.authentication import authentication_classes
from find_friend.conf import app_settings
from find_friend.fingerprints import fingerprint, matches
from find_friend.logs import fields, without_text
from find_friend.users import find_user

from .models import Ticket
from .protocols import Close
from .rights import tells_by_row
from .sessions import open_session, session_row, session_user

__all__ = ["SocketAuthMiddleware"]

logger = logging.getLogger("find_friend.chat")

MOST_WAITING = 500  # handshakes of one process that wait to be authenticated

# The body's type and length mean nothing in a handshake, and cookies count only after a look at the origin.
IGNORED_HEADERS = {b"cookie", b"content-type", b"content-length"}


class Credential:
    """Whom a socket belongs to. It is asked again and again, so a right that has ended ends the socket.

    ``row``, the model and key of what the user signed in by, is set where one look at the table tells all: whether the
    row is there and in time, and the user's password the same. ``by_row`` is false where only the site's code can tell.
    """

    row: tuple[type[models.Model], Any] | None = None
    by_row = True
    scope_of_socket: dict[str, Any] | None = None

    def forget(self) -> None:
        """Let go of the user that the middleware has read; who is needed later is read anew."""
        if self.scope_of_socket is not None:
            del self.scope_of_socket["user"]
            self.scope_of_socket = None

    def current_user(self) -> AbstractBaseUser | None:
        """The active user, read from the database now; None for a guest. Call it in a database thread."""
        raise NotImplementedError


class Nobody(Credential):
    def current_user(self) -> None:
        return None


class Handshake(Credential):
    """A header or a session cookie: the handshake's request is authenticated again each time."""

    def __init__(self, scope: dict[str, Any], *, with_cookies: bool) -> None:
        self.scope = scope
        self.with_cookies = with_cookies

    def current_user(self) -> AbstractBaseUser | None:
        request = handshake_request(self.scope)
        if self.with_cookies:
            request.META["HTTP_COOKIE"] = cookie_header(self.scope)
        request.session = open_session(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        by_session = session_user(request.session)
        request.user = by_session or AnonymousUser()  # type: ignore[assignment]
        asked = Request(request, authenticators=[cls() for cls in authentication_classes()])
        try:
            user, auth = asked.user, asked.auth
        except APIException:
            return None
        finally:
            asked.parser_context.clear()  # it leads back to the request: a cycle for each socket that opens
        self.row = (type(auth), auth.pk) if isinstance(auth, models.Model) else None
        if auth is None and user is not None and user == by_session:
            self.row = session_row(request.session)
        self.by_row = self.row is not None and tells_by_row(self.row[0])
        return user if user is not None and user.is_authenticated and user.is_active else None


class TicketCredential(Credential):
    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.row = ticket.row
        self.by_row = not ticket.credential or (self.row is not None and tells_by_row(self.row[0]))

    def current_user(self) -> AbstractBaseUser | None:
        return self.ticket.current_user()


class ScopeUser(Credential):
    """The user whom a site's own middleware has put into the scope."""

    def __init__(self, user: Any) -> None:
        self.pk = user.pk if user is not None and user.is_authenticated else None
        self.fingerprint = "" if self.pk is None else fingerprint(user)

    def current_user(self) -> AbstractBaseUser | None:
        user = None if self.pk is None else find_user(self.pk)
        return user if user is not None and matches(self.fingerprint, user) else None


def handshake_request(scope: dict[str, Any]) -> ASGIRequest:
    """The handshake as a GET request without cookies, whatever bytes are in it."""
    return ASGIRequest(
        {
            **scope,
            "type": "http",
            "method": "GET",
            "scheme": "https" if scope.get("scheme") in ("wss", "https") else "http",
            "query_string": scope.get("query_string", b"").decode(errors="replace"),
            "headers": [(name, value) for name, value in scope["headers"] if name.lower() not in IGNORED_HEADERS],
        },
        io.BytesIO(),
    )


def cookie_header(scope: dict[str, Any]) -> str:
    return "; ".join(value.decode("latin1") for name, value in scope["headers"] if name.lower() == b"cookie")


def is_own_origin(request: ASGIRequest, origin: str) -> bool:
    """Whether a page of that origin may use the visitor's cookies: the site itself, or one that it trusts."""
    if origin in settings.CSRF_TRUSTED_ORIGINS or origin in app_settings.WEBSOCKET_ALLOWED_ORIGINS:
        return True
    try:
        parsed = urlsplit(origin)
        host = request.get_host()
    except (ValueError, SuspiciousOperation):
        return False
    if parsed.netloc == host and parsed.scheme in (("https",) if request.is_secure() else ("http", "https")):
        return True
    patterns = [urlsplit(trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS if "*" in trusted]
    return any(
        parsed.scheme == pattern.scheme and is_same_domain(parsed.netloc, pattern.netloc.lstrip("*"))
        for pattern in patterns
    )


def authenticate(scope: dict[str, Any]) -> Credential:
    """The credential of a handshake. A foreign page gets none, whatever it sends; a ticket is spent here."""
    request = handshake_request(scope)
    origin = request.META.get("HTTP_ORIGIN")
    if origin is not None and not is_own_origin(request, origin):
        return Nobody()
    try:
        key = request.GET.get("ticket")
    except SuspiciousOperation:
        return Nobody()
    if key is None:
        return Handshake(scope, with_cookies=origin is not None)
    ticket = Ticket.objects.spend(key)
    return Nobody() if ticket is None else TicketCredential(ticket)


async def turn_away(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Too many are waiting already: who would be let in only after they have given up comes back later instead."""
    from .consumers import refuse

    await receive()
    await refuse(scope, send, Close.TOO_MANY)


class SocketAuthMiddleware:
    """Puts ``scope["find_friend"]``, a Credential, and ``scope["user"]`` into the scope of a socket.

    The host name is checked against ALLOWED_HOSTS only where an Origin is compared with it.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.waiting = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if self.waiting >= MOST_WAITING:
            await turn_away(scope, receive, send)
            return None
        self.waiting += 1
        try:
            credential, user = await database_sync_to_async(self._identify)(scope)
        finally:
            self.waiting -= 1
        credential.scope_of_socket = {**scope, "find_friend": credential, "user": user}
        return await self.inner(credential.scope_of_socket, receive, send)

    def _identify(self, scope: dict[str, Any]) -> tuple[Credential, Any]:
        try:
            credential = authenticate(scope)
            return credential, credential.current_user() or AnonymousUser()
        except Exception:
            logger.exception(
                "A socket's handshake could not be authenticated.",
                exc_info=without_text(),
                extra=fields("authentication_failed"),
            )
            return Nobody(), AnonymousUser()
