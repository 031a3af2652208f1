"""What an import did, and what it left out and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SHOWN = 10


class Tally:
    """Counts of one kind of thing. Of what was skipped only the first keys are kept, so its size is bounded."""

    def __init__(self) -> None:
        self.read = self.added = self.known = 0
        self.skipped: dict[str, tuple[int, list[Any]]] = {}

    def skip(self, reason: str, key: Any) -> None:
        number, keys = self.skipped.get(reason, (0, []))
        self.skipped[reason] = (number + 1, [*keys, key][:SHOWN])

    def add(self, other: Tally) -> None:
        self.read += other.read
        self.added += other.added
        self.known += other.known
        for reason, (number, keys) in other.skipped.items():
            before, shown = self.skipped.get(reason, (0, []))
            self.skipped[reason] = (before + number, [*shown, *keys][:SHOWN])

    def lines(self, name: str, *, dry_run: bool) -> Iterator[str]:
        yield f"{name}: {self.read} read, {self.added} {'to add' if dry_run else 'added'}, {self.known} there already"
        for reason, (number, keys) in self.skipped.items():
            shown = ", ".join(map(str, keys)) + (", …" if number > len(keys) else "")
            yield f"  {number} skipped: {reason} ({shown})"
