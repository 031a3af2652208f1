"""What this process counts about its chat: plain numbers, so that counting costs next to nothing.

Each name is the one that Prometheus shows, without the prefix; ``prometheus.py`` shows them. A label has a few values
that are written down in the code, never something from a client.

Nothing is locked, so that no message waits for it. Nearly all is counted on the loop of the sockets; where two threads
meet, a count may get lost.
"""

from __future__ import annotations

import functools
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..protocols import Close

__all__ = ["snapshot"]


class Counter:
    """Only goes up. With a ``label``, one number for each of its ``values``."""

    def __init__(self, name: str, doc: str, label: str | None = None, values: Sequence[str] = ("",)) -> None:
        self.name, self.doc, self.label = name, doc, label
        self.values = dict.fromkeys(values, 0)

    def add(self, value: str = "", amount: int = 1) -> None:
        self.values[value] = self.values.get(value, 0) + amount

    def reset(self) -> None:
        self.values = dict.fromkeys(self.values, 0)


class Closings(Counter):
    """A counter by close code; None is an end that did not come from us."""

    def __init__(self, name: str, doc: str, *more: str) -> None:
        super().__init__(name, doc, "code", [*(str(int(code)) for code in Close), *more])

    def count(self, code: Close | None) -> None:
        self.add("none" if code is None else str(int(code)))


class Histogram:
    """How many observations were at most as large as each of the ``bounds``, and how many larger."""

    def __init__(self, name: str, doc: str, bounds: Sequence[float]) -> None:
        self.name, self.doc, self.bounds = name, doc, bounds
        self.reset()

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def reset(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)
        self.sum = 0.0


class Gauge:
    """A number of this moment. ``read`` finds it out when somebody asks, so it costs nothing until then."""

    def __init__(self, name: str, doc: str, read: Callable[[], int]) -> None:
        self.name, self.doc, self.read = name, doc, read


OPERATIONS = ("new_channel", "group_add", "group_discard", "group_send", "receive")
FAILURES = {"Contention": "contention", "Down": "down", "Unsure": "unsure"}

opened = Counter("sockets_opened", "Handshakes that were accepted.")
closed = Closings(
    "sockets_closed", "Open sockets that ended, by the code we closed them with; none: not by us.", "none"
)
refused = Closings("handshakes_refused", "Handshakes that were not accepted, by the code that says why.")
messages = Counter("messages", "Messages that were stored, by the way they came.", "via", ("socket", "post"))
failed = Counter("messages_failed", "Messages of sockets whose senders were told to send them again.")
batch_size = Histogram("batch_size", "Messages of one transaction of the writer.", (1, 2, 4, 8, 16, 32, 64, 128))
commit_seconds = Histogram(
    "commit_seconds",
    "From handing a batch to the database until it has committed.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
commit_failures = Counter(
    "commit_failures", "Batches that the database did not take.", "reason", (*FAILURES.values(), "error")
)
repairs = Counter("repairs", "Looks into the database for messages that had not arrived.")
repaired = Counter("repaired_messages", "Messages that such a look has found, so the channel layer had lost them.")
layer_failures = Counter(
    "layer_failures", "Calls of the channel layer that failed or timed out.", "operation", OPERATIONS
)
slow_readers = Counter("slow_readers", "Times a socket fell behind and went on reading from the database.")


def batched(store: Any) -> Any:
    """Decorates the ``store`` of a lane: how large the batch was, how long it took, and whether it was taken."""

    @functools.wraps(store)
    async def counted(lane: Any, drafts: Sequence[Any], **options: Any) -> Any:
        began = time.perf_counter()
        try:
            outcomes = await store(lane, drafts, **options)
        except Exception as error:
            commit_failures.add(FAILURES.get(type(error).__name__, "error"))
            raise
        commit_seconds.observe(time.perf_counter() - began)
        batch_size.observe(len(drafts))
        return outcomes

    return counted


# what is read when somebody asks: from any thread, while the loop goes on


def _rooms() -> list[Any]:
    from ..hub import hubs

    return [room for hub in list(hubs.values()) for room in list(hub.rooms.values())]


def _writers() -> list[Any]:
    from ..hub import hubs

    return [hub.writer for hub in list(hubs.values())]


def _draining() -> int:
    from ..draining import is_draining

    return int(is_draining())


GAUGES = (
    Gauge("sockets", "Open sockets.", lambda: sum(len(room.sockets) for room in _rooms())),
    Gauge("open_chats", "Chats with open sockets.", lambda: len(_rooms())),
    Gauge(
        "sockets_catching_up",
        "Open sockets that read from the database until they have what the others have.",
        lambda: sum(len(room.sockets) - len(room.live) for room in _rooms()),
    ),
    Gauge("queue_depth", "Messages that wait to be stored.", lambda: sum(len(writer.waiting) for writer in _writers())),
    Gauge(
        "queue_held",
        "Messages that wait aside for a chat which another transaction holds.",
        lambda: sum(len(drafts) for writer in _writers() for drafts in list(writer.held.values())),
    ),
    Gauge("draining", "1 while the process goes out of service.", _draining),
)
COUNTERS: tuple[Counter, ...] = (
    opened,
    closed,
    refused,
    messages,
    failed,
    commit_failures,
    repairs,
    repaired,
    layer_failures,
    slow_readers,
)
HISTOGRAMS: tuple[Histogram, ...] = (batch_size, commit_seconds)


def reset() -> None:
    """Begin anew, as a process does that was forked from another."""
    for counter in COUNTERS:
        counter.reset()
    for histogram in HISTOGRAMS:
        histogram.reset()


def snapshot() -> Mapping[str, Any]:
    """Every number by its name: an integer, a dictionary by label, or the counts of a histogram."""
    found: dict[str, Any] = {gauge.name: gauge.read() for gauge in GAUGES}
    for counter in COUNTERS:
        found[counter.name] = counter.values[""] if counter.label is None else dict(counter.values)
    return found | {histogram.name: list(histogram.counts) for histogram in HISTOGRAMS}


os.register_at_fork(after_in_child=reset)
