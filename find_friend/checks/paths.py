"""Dotted paths: each of them can be imported, and leads to the kind of thing that is wanted there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string
from rest_framework.permissions import OperandHolder

from find_friend.conf import DEFINITIONS
from find_friend.kinds import ClassPath, ClassPaths, Target, configured, is_dotted_path

SERIALIZER = Target("rest_framework.serializers.BaseSerializer")
LINK = Target(call=("user", "uid=", "token="))


def dotted_paths() -> Iterator[tuple[str, Any, Target]]:
    """Where each path of the site stands, the path, and what it has to lead to."""
    for name, value in configured().items():
        setting = DEFINITIONS.get(name)
        if isinstance(setting, ClassPath) and isinstance(value, str) and value:
            yield f"FIND_FRIEND[{name!r}]", value, setting.to
        elif isinstance(setting, ClassPaths) and isinstance(value, (list, tuple)):
            yield from ((f"An item of FIND_FRIEND[{name!r}]", path, setting.to) for path in value)
        elif name == "SERIALIZERS" and isinstance(value, dict):
            yield from ((f"FIND_FRIEND[{name!r}][{role!r}]", path, SERIALIZER) for role, path in value.items() if path)
        elif name == "LINKS" and isinstance(value, dict):
            for key, link in value.items():
                if link and (not isinstance(link, str) or is_dotted_path(link)):
                    yield f"FIND_FRIEND[{name!r}][{key!r}]", link, LINK


def wrong_paths() -> Iterator[CheckMessage]:
    for place, path, target in dotted_paths():
        if not isinstance(path, str) and not callable(path):
            yield Error(f"{place} is {path!r}.", hint="It takes a dotted path.", id="find_friend.E003")
            continue
        try:
            found = import_string(path) if isinstance(path, str) else path
        except Exception as error:  # an import runs whatever the module says
            hint = "Is the name right, and is the app of that module in INSTALLED_APPS?"
            yield Error(f"{place} is {path!r}, which cannot be imported: {error}", hint=hint, id="find_friend.E004")
        else:
            if not fits(found, target):
                yield Error(f"{place} is {path!r}.", hint=f"It has to lead to {target.text}.", id="find_friend.E006")


def fits(found: Any, target: Target) -> bool:
    if target.base:
        composed = isinstance(found, OperandHolder)  # such as IsAdminUser | IsOwner
        return composed or (isinstance(found, type) and issubclass(found, import_string(target.base)))
    return callable(found) and takes(found, target.call)


def takes(function: Any, arguments: tuple[str, ...]) -> bool:
    """Whether the function can be called with these arguments; those that end in ``=`` by name."""
    names = {name[:-1]: None for name in arguments if name.endswith("=")}
    try:
        signature = inspect.signature(function)
    except ValueError:  # written in C: nobody can tell
        return True
    try:
        signature.bind(*(name for name in arguments if not name.endswith("=")), **names)
    except TypeError:
        return False
    return True
