"""Time travel, for whatever ends by itself: tokens, tickets, mailed links, cooldowns, the edit window, rate limits.

Moved are ``datetime``, ``time.time()`` and all that is made of them (``timezone.now()``, sessions, signed values,
caches in memory, in files and in the database), and the ORM's ``Now()``, for which the database's own clock would
answer. Not moved are ``time.monotonic()`` and so event loops with their pauses and timeouts, SQL that names the clock
by itself (raw queries, triggers, ``db_default``), the clocks of Redis and memcached, and other processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from time import time
from typing import Any
from unittest import mock

from django.conf import settings
from django.db.models import DateTimeField, Value
from django.db.models.functions import Cast, Now
from django.utils import timezone

from find_friend.kinds import configured

SPELLINGS = ("as_sql", "as_postgresql", "as_mysql", "as_sqlite", "as_oracle")


def now_of_this_process(self: Now, compiler: Any, connection: Any, **extra: Any) -> Any:
    now = Value(timezone.now(), output_field=DateTimeField())
    # MariaDB gives a value back as the text it was sent as.
    return compiler.compile(Cast(now, DateTimeField()) if connection.vendor == "mysql" else now)


def renew_conditions() -> None:
    """Have open sockets forget the statements they keep: another dictionary is another site to them."""
    settings.FIND_FRIEND = {**configured()}


class Clock:
    """The clock of the process; it goes on ticking wherever it is put."""

    def __init__(self, traveller: Any) -> None:
        self._traveller = traveller

    def shift(self, delta: timedelta | None = None, /, **parts: float) -> None:
        """Move on by ``delta``, or by what ``timedelta`` takes: ``shift(days=31)``; back where that is negative."""
        self._traveller.shift(timedelta(**parts) if delta is None else delta)
        renew_conditions()

    def move_to(self, moment: datetime) -> None:
        """Put the clock to a moment; one without a time zone is in the current one."""
        self._traveller.move_to(timezone.make_aware(moment) if timezone.is_naive(moment) else moment)
        renew_conditions()


@contextmanager
def time_travel() -> Iterator[Clock]:
    """``with time_travel() as clock:`` moves the clock of this process in the block. It needs ``time-machine`` 3."""
    from time_machine import travel

    with ExitStack() as stack:
        stack.callback(renew_conditions)
        traveller = stack.enter_context(travel(time()))
        for spelling in SPELLINGS:
            stack.enter_context(mock.patch.object(Now, spelling, now_of_this_process))
        renew_conditions()
        yield Clock(traveller)
