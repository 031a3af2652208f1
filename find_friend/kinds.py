"""What a setting may hold: its type, the range of its values, and what a dotted path has to lead to."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, NamedTuple, TypeVar, overload
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

T = TypeVar("T")


def configured() -> dict[str, Any]:
    """The site's ``FIND_FRIEND`` dictionary, or an empty one."""
    return getattr(settings, "FIND_FRIEND", None) or {}


class Rule(NamedTuple):
    """What a value of the right type has to be besides; ``text`` goes on from "It has to be"."""

    text: str
    holds: Callable[[Any], bool]


def measure(value: Any) -> float:
    """A number as it is, a span of time in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def between(least: float, most: float = math.inf) -> Rule:
    text = f"{least} or more" if most == math.inf else f"from {least} to {most}"
    return Rule(text, lambda value: least <= measure(value) <= most and measure(value) < math.inf)


def one_of(*choices: str) -> Rule:
    text = " or ".join(f'"{choice}"' for choice in choices)
    return Rule(text, lambda value: value in choices)


def is_origin(value: Any) -> bool:
    """Whether a browser could send that as its Origin: a scheme, a host and perhaps a port, nothing else."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises where it is none
    except (ValueError, TypeError, AttributeError):
        return False
    bare = isinstance(value, str) and value == f"{parts.scheme}://{parts.netloc}".lower()
    return bare and bool(parts.scheme and parts.hostname) and not set(parts.netloc) & set("@*")


def is_dotted_path(value: Any) -> bool:
    """Whether a text could name something in a module; an address with a scheme or a slash could not."""
    return isinstance(value, str) and "." in value and all(part.isidentifier() for part in value.split("."))


ANYTHING = Rule("", lambda value: True)
POSITIVE = Rule("more than 0", lambda value: 0 < measure(value) < math.inf)
ORIGINS = Rule(
    'made of whole origins in lower case such as "https://app.example.com", without a path or "*"',
    lambda values: all(is_origin(value) for value in values),
)
A_PATH = Rule("a dotted path", bool)
A_CLASS = Rule("a list of at least one class", bool)
ORIGIN = Rule('a whole origin in lower case such as "https://example.com", without a path', is_origin)


class Setting(Generic[T]):
    """One key of ``FIND_FRIEND``; reading the attribute reads the site's value now.

    Numbers and spans of time are more than 0 where no other rule is given. None, where the types allow it, is
    outside of the rule. The value of a secret is never printed.
    """

    def __init__(
        self,
        default: T,
        doc: str,
        *,
        types: tuple[type, ...] | None = None,
        rule: Rule | None = None,
        secret: bool = False,
    ) -> None:
        self.default = default
        self.__doc__ = doc
        self.types = types or (type(default),)
        self.rule = rule or (POSITIVE if {int, float, timedelta} & {*self.types} else ANYTHING)
        self.is_secret = secret

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Setting[T] | T:
        return self if instance is None else self.read()

    def read(self) -> T:
        return configured().get(self.name, self.default)


class Mapping(Setting[dict[str, Any]]):
    """A dictionary whose keys the site may override one by one; ``noun`` says what a key of it is."""

    def __init__(self, default: dict[str, Any], doc: str, *, noun: str) -> None:
        super().__init__(default, doc)
        self.noun = noun

    def read(self) -> dict[str, Any]:
        return {**self.default, **configured().get(self.name, {})}


class Target(NamedTuple):
    """What a dotted path leads to: a subclass of ``base``, another dotted path, or a function called like ``call``."""

    base: str = ""
    call: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"a subclass of {self.base}" if self.base else f"a function called with ({', '.join(self.call)})"


class ClassPath(Setting[Any]):
    """A dotted path; reading it gives the object it names. It may be left empty, None then, if the default is."""

    def __init__(self, default: str | None, doc: str, *, to: Target) -> None:
        optional = default is None
        types, rule = ((str, type(None)), None) if optional else ((str,), A_PATH)
        super().__init__(default, doc, types=types, rule=rule)
        self.to = to

    def read(self) -> Any:
        path = configured().get(self.name, self.default)
        return import_string(path) if path else None


class ClassPaths(Setting[Any]):
    """A list of dotted paths, or of what they name; reading it gives the objects, or None where there is no list."""

    def __init__(self, default: tuple[str, ...] | None, doc: str, *, to: Target, rule: Rule | None = None) -> None:
        optional = (type(None),) if default is None else ()
        super().__init__(default, doc, types=(list, tuple, *optional), rule=rule)
        self.to = to

    def read(self) -> Any:
        paths = configured().get(self.name, self.default)
        return None if paths is None else [import_string(path) if isinstance(path, str) else path for path in paths]
