"""Which messages arrived, how often and in which order. Looks at histories afterwards and knows nothing of sockets."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field, fields

SIDES = "AB"
KEY = re.compile(rb"~([0-9a-f]{4})([0-9a-f]{4})([AB])(\d{7})~")
ACK = re.compile(rb"([0-9a-f]{4})([0-9a-f]{4})-000([01])-4000-8000-(\d{12})")
SEQ = re.compile(rb'"seq":\s*(\d+)')


def key(run: int, chat: int, side: str, number: int) -> str:
    """What a text begins with: it tells where the message belongs, wherever it turns up."""
    return f"~{run:04x}{chat:04x}{side}{number:07d}~"


def client_id(run: int, chat: int, side: str, number: int) -> str:
    return f"{run:04x}{chat:04x}-000{SIDES.index(side)}-4000-8000-{number:012d}"


@dataclass
class Count:
    """Every figure but ``sent`` and ``received`` is a fault."""

    sent: int = 0
    received: int = 0
    lost: int = 0  # a member never got it; a message can be lost twice, once for each member
    duplicated: int = 0
    out_of_order: int = 0  # came after a later one of the same sender
    crossed: int = 0  # the two members saw it in different places
    strays: int = 0  # in a chat where it does not belong, or never sent
    gaps: int = 0  # seq, where frames have it, did not go up by one
    unacknowledged: int = 0
    acknowledged_twice: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def faults(self) -> dict[str, int]:
        counted = {each.name: getattr(self, each.name) for each in fields(self)[2:]}
        return {name: number for name, number in counted.items() if number}


@dataclass
class Talk:
    """What happened in one chat of one run: how many each side sent, and the frames each side got, in order."""

    run: int
    chat: int
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SIDES, 0))
    got: dict[str, list[bytes]] = field(default_factory=lambda: {side: [] for side in SIDES})

    def count(self, *, numbered: bool = False) -> Count:
        """``numbered``: the frames carry ``seq``, and each message was to be acknowledged to its sender."""
        total = Count(sent=sum(self.sent.values()))
        orders = {}
        for side in SIDES:
            orders[side] = self._one_side(side, total)
            if numbered:
                self._numbers(side, total)
        common = set(orders["A"]) & set(orders["B"])
        first, second = ([each for each in orders[side] if each in common] for side in SIDES)
        total.crossed = sum(one != other for one, other in zip(first, second, strict=True))
        return total

    def _one_side(self, side: str, total: Count) -> list[tuple[str, int]]:
        """The messages that this member got, each once, in the order of its first arrival."""
        seen: dict[tuple[str, int], None] = {}
        highest = dict.fromkeys(SIDES, -1)
        for frame in self.got[side]:
            found = KEY.search(frame)
            if found is None or int(found[1], 16) != self.run:
                continue  # an acknowledgement, or history of an earlier run
            sender, number = found[3].decode(), int(found[4])
            if int(found[2], 16) != self.chat or number >= self.sent[sender]:
                total.strays += 1
            elif (sender, number) in seen:
                total.duplicated += 1
            else:
                seen[sender, number] = None
                total.out_of_order += number < highest[sender]
                highest[sender] = max(highest[sender], number)
        total.received += sum(sender != side for sender, _number in seen)
        total.lost += sum(self.sent.values()) - len(seen)
        return list(seen)

    def _numbers(self, side: str, total: Count) -> None:
        last = None
        acknowledged: Counter[int] = Counter()
        for frame in self.got[side]:
            if KEY.search(frame):
                seq = int(SEQ.search(frame)[1])  # type: ignore[index]
                total.gaps += last is not None and seq != last + 1
                last = seq
            elif found := ACK.search(frame):
                acknowledged[int(found[4])] += int(found[1], 16) == self.run
        total.unacknowledged += sum(not acknowledged[number] for number in range(self.sent[side]))
        total.acknowledged_twice += sum(times - 1 for times in acknowledged.values() if times > 1)


def percentile(values: list[float], percent: float) -> float:
    """The nearest rank; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * percent / 100) - 1))]
