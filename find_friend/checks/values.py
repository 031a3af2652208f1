"""The keys of ``FIND_FRIEND``, and the types and ranges of what they hold."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error

from find_friend import throttling
from find_friend.conf import DEFINITIONS
from find_friend.kinds import Mapping, Setting, configured
from find_friend.serializers import default_roles


def did_you_mean(name: Any, known: Collection[str], otherwise: str) -> str:
    by_letters = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(str(name).casefold(), by_letters, n=1, cutoff=0.5)
    return f"Did you mean {by_letters[close[0]]}?" if close else otherwise


def unknown_keys() -> Iterator[CheckMessage]:
    for name in configured().keys() - DEFINITIONS.keys():
        hint = did_you_mean(name, DEFINITIONS, "The settings reference lists every key.")
        yield Error(f"FIND_FRIEND has no setting {name!r}.", hint=hint, id="find_friend.E002")
    for name, setting in DEFINITIONS.items():
        given = configured().get(name)
        if not isinstance(setting, Mapping) or not isinstance(given, dict):
            continue
        known = default_roles() if name == "SERIALIZERS" else setting.default
        for key in given.keys() - known.keys():
            hint = did_you_mean(key, known, f"There are: {', '.join(sorted(known))}.")
            text = f"FIND_FRIEND[{name!r}] has no {setting.noun} {key!r}."
            yield Error(text, hint=hint, id="find_friend.E002")


def wrong_values() -> Iterator[CheckMessage]:
    for name, value in configured().items():
        if name in DEFINITIONS:
            hint = what_is_wrong(DEFINITIONS[name], value)
            if hint:
                shown = f"of type {type(value).__name__}" if DEFINITIONS[name].is_secret else repr(value)
                yield Error(f"FIND_FRIEND[{name!r}] is {shown}.", hint=hint, id="find_friend.E003")
    yield from wrong_rates()
    yield from wrong_page_size()


def what_is_wrong(setting: Setting[Any], value: Any) -> str | None:
    """What the value should be, or None where it is that."""
    wrong_bool = isinstance(value, bool) and bool not in setting.types
    if not isinstance(value, setting.types) or wrong_bool:
        return f"It takes {' or '.join(map(name_of, setting.types))}."
    if value is not None and not setting.rule.holds(value):
        return f"It has to be {setting.rule.text}{', or None' if type(None) in setting.types else ''}."
    return None


def name_of(kind: type) -> str:
    return "None" if kind is type(None) else kind.__name__


def wrong_rates() -> Iterator[CheckMessage]:
    rates = configured().get("THROTTLE_RATES")
    for scope, rate in rates.items() if isinstance(rates, dict) else ():
        try:
            if rate is not None:
                throttling.parse_rate(rate)
        except (TypeError, ValueError):
            hint = 'Write "calls/period", such as "5/10min", or None.'
            yield Error(f"The rate of {scope!r} is {rate!r}.", hint=hint, id="find_friend.E003")


def wrong_page_size() -> Iterator[CheckMessage]:
    size, most = (configured().get(name, DEFINITIONS[name].default) for name in ("PAGE_SIZE", "PAGE_MAX_SIZE"))
    if isinstance(size, int) and isinstance(most, int) and size > most:
        hint = f"Make it at most PAGE_MAX_SIZE, {most}."
        yield Error(f"FIND_FRIEND['PAGE_SIZE'] is {size}.", hint=hint, id="find_friend.E003")
