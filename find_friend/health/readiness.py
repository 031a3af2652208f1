"""Whether this process shall get visitors: checks of the package and of the site, made once a second at most."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from asgiref.sync import iscoroutinefunction
from django.apps import apps
from django.db import connections
from django.utils.module_loading import import_string

from find_friend.conf import app_settings
from find_friend.logs import fields

logger = logging.getLogger("find_friend")

KEPT = 1.0  # seconds that a report is good for, so that nobody can load the database with the page


class Report(NamedTuple):
    """``status`` is ok, degraded or unavailable; ``checks`` says ok or failed of each."""

    status: str
    checks: dict[str, str]


def checks() -> dict[str, str]:
    """Every check and the dotted path of its function. Apps name theirs in ``readiness_checks`` of their AppConfig."""
    found = {
        "database": "find_friend.health.database.answers",
        "migrations": "find_friend.health.database.is_migrated",
    }
    for config in apps.get_app_configs():
        found.update(getattr(config, "readiness_checks", {}))
    return found


# Functions that still run, such as one that waits for a database; they are not begun a second time.
_running: dict[Any, Future[Any]] = {}
os.register_at_fork(after_in_child=_running.clear)


def in_thread(function: Callable[[], Any]) -> Future[Any]:
    """Run it in a thread that nobody has to wait for: neither a request nor the end of the process."""
    future = _running.get(function)
    if future is None or future.done():
        future = _running[function] = Future()
        future.set_running_or_notify_cancel()  # who stops waiting does not end it
        Thread(target=_run, args=(function, future), name="find_friend.health", daemon=True).start()
    return future


def _run(function: Callable[[], Any], future: Future[Any]) -> None:
    try:
        try:
            result = function()
        finally:
            connections.close_all()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)


async def failure(path: str) -> str | None:
    """Why a check is not fulfilled, in a word; None where it is."""
    try:
        check = import_string(path)
        answer: Awaitable[Any] = check() if iscoroutinefunction(check) else asyncio.wrap_future(in_thread(check))
        fulfilled = await asyncio.wait_for(answer, app_settings.READINESS_TIMEOUT)
    except Exception as error:
        return type(error).__name__
    return None if fulfilled else "failed"


class Readiness:
    """The last report of this process."""

    def __init__(self) -> None:
        self.last: Report | None = None
        self.until = 0.0
        self.locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def report(self) -> Report:
        """What is the case, or was a second ago. Who asks while it is found out waits for that."""
        async with self.locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            report = self.last
            if report is None or time.monotonic() >= self.until:
                report = await self.look()
                self.last, self.until = report, time.monotonic() + KEPT
            return report

    async def look(self) -> Report:
        known = checks()
        failures = dict(zip(known, await asyncio.gather(*map(failure, known.values())), strict=True))
        failed = {name for name, word in failures.items() if word is not None}
        status = "ok" if not failed else "unavailable" if failed - set(app_settings.READINESS_OPTIONAL) else "degraded"
        report = Report(status, {name: "failed" if name in failed else "ok" for name in known})
        if report != (self.last or Report("ok", report.checks)):
            self.tell(report, failures)
        return report

    def tell(self, report: Report, failures: dict[str, str | None]) -> None:
        """One record for each change, not for each look."""
        failed = {name: word for name, word in failures.items() if word is not None}
        logger.log(
            logging.WARNING if failed else logging.INFO,
            "Readiness is %s: %s.",
            report.status,
            ", ".join(f"{name} ({word})" for name, word in failed.items()) or "all checks are fulfilled",
            extra=fields("readiness", status=report.status, checks=" ".join(failed)),
        )


readiness = Readiness()
