"""Rate limits with rates of our own, whatever the site's REST_FRAMEWORK says."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.cache import cache
from rest_framework.throttling import BaseThrottle

from .conf import app_settings
from .logs import fields

__all__ = ["ScopeThrottle"]

logger = logging.getLogger("find_friend")

PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_rate(rate: str) -> tuple[int, int]:
    """``"5/10min"`` is (5, 600): so many calls in so many seconds. ValueError for anything else."""
    match = re.fullmatch(r"(\d+)/([1-9]\d*)?(s|sec|second|m|min|minute|h|hour|d|day)", rate)
    if match is None:
        raise ValueError(f"Not a rate: {rate!r}")
    calls, periods, unit = match.groups()
    return int(calls), int(periods or 1) * PERIODS[unit[0]]


def client_ip(request: Any) -> str:
    """The caller's address, an IPv6 one cut to its /64 network.

    X-Forwarded-For counts only as far as our own proxies wrote it, ``TRUSTED_PROXIES`` entries from the right:
    what stands left of them is whatever the client sent.
    """
    address = request.META.get("REMOTE_ADDR") or ""
    proxies = app_settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        address = forwarded[-proxies]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped:  # how a socket that takes both versions shows IPv4: all of it is one /64 network
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def caller(request: Any, *, guest: bool = False) -> str:
    """Whose calls are counted together, over the API and on pages: the user's, or those of a guest's address.

    ``guest``: whoever it is, since what is asked for is open to everybody.
    """
    user = None if guest else request.user
    return f"user {user.pk}" if user and user.is_authenticated else f"ip {client_ip(request)}"


def _key(scope: str, ident: str, period: int, now: float) -> str:
    return f"find_friend.throttle.{scope}.{hashlib.sha256(ident.encode()).hexdigest()}.{int(now // period)}"


def hit(scope: str, ident: str) -> float | None:
    """Count one call; None where it is allowed, else the seconds to wait.

    Fixed windows counted by the cache's own increment, so parallel calls cannot slip past each other.
    """
    rate = app_settings.THROTTLE_RATES.get(scope)
    if rate is None:
        return None
    calls, period = parse_rate(rate)
    now = time.time()
    count = _count(_key(scope, ident, period, now), period)
    return None if count <= calls else period - now % period


def _count(key: str, period: int) -> int:
    """How many calls there were under the key; 0 while the cache is down, since the site should not be down with it."""
    try:
        cache.add(key, 0, timeout=period + 1)
        try:
            return cache.incr(key)
        except ValueError:  # evicted between the two calls
            cache.set(key, 1, timeout=period + 1)
            return 1
    except Exception:
        logger.exception("The cache failed, so a call was not counted.", extra=fields("cache_failed"))
        return 0


def forgive(scope: str, ident: str) -> None:
    """Forget the calls counted in the present window."""
    rate = app_settings.THROTTLE_RATES.get(scope)
    if rate is None:
        return
    try:
        cache.delete(_key(scope, ident, parse_rate(rate)[1], time.time()))
    except Exception:
        logger.exception("The cache failed, so counted calls were not forgotten.", extra=fields("cache_failed"))


def scopes_for(scopes: Mapping[str, tuple[str, ...]], method: str | None) -> tuple[str, ...]:
    """Those that count a call, of scopes by method with ``*`` for every other. HEAD costs what GET costs."""
    return scopes.get("GET" if method == "HEAD" else str(method), scopes.get("*", ()))


def throttles(scopes: Iterable[str]) -> list[BaseThrottle]:
    """What THROTTLE_CLASSES names, for an endpoint whose calls are counted under these scopes."""
    made: list[BaseThrottle] = []
    for cls in app_settings.THROTTLE_CLASSES:
        made += [cls(scope) for scope in scopes] if issubclass(cls, ScopeThrottle) else [cls()]
    return made


class ScopeThrottle(BaseThrottle):
    """Counts a call under one scope, by user, else by address, or by what the view says."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.seconds: float | None = None

    def allow_request(self, request: Any, view: Any) -> bool:
        self.seconds = hit(self.scope, view.get_throttle_ident(self.scope))
        return self.seconds is None

    def wait(self) -> float | None:
        return self.seconds
