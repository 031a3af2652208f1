"""One name for two users, whichever comes first."""

from __future__ import annotations

import hashlib
from typing import Any


def user_digest(pk: Any) -> str:
    """SHA-256 hex of one user's key: a name of fixed length whatever type the key has."""
    return hashlib.sha256(str(pk).encode()).hexdigest()


def pair_key(first: Any, second: Any) -> str:
    """SHA-256 hex (64 characters) of two users' keys, the same for both orders.

    The keys are sorted and prefixed with their length, so no two pairs run into each other, and a digest compares
    alike on databases whose text comparison ignores case or trailing spaces.
    """
    keys = sorted(str(getattr(user, "pk", user)) for user in (first, second))
    return hashlib.sha256("".join(f"{len(key)}:{key}" for key in keys).encode()).hexdigest()
