"""What a log record of the package carries besides its message: fields for machines, and never what people wrote."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

# Everything that a field may be called; the page about observability says what each holds.
FIELDS = ("chat", "checks", "count", "error", "key", "model", "operation", "reason", "status", "user")


def fields(event: str, **values: Any) -> dict[str, Any]:
    """``extra`` of a log call: one attribute, ``record.find_friend``, so that no name of the site's is taken.

    Values are texts, numbers or None; any other key of a user, a UUID say, becomes its text.
    """
    plain = {name: value if isinstance(value, (str, int, type(None))) else str(value) for name, value in values.items()}
    return {"find_friend": {"event": event, **plain}}


def without_text(error: Any = None) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """``exc_info`` of an error, or of the one that is being handled: its type and traceback, but not its text.

    Databases quote the row that they refuse, mail servers the address, a site's own code whatever it was given.
    """
    error = sys.exc_info()[1] if error is None else error
    kind = type(type(error).__name__, (Exception,), {"__module__": type(error).__module__})
    return kind, kind(), error.__traceback__
