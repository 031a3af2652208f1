"""E-mail addresses are compared without regard to case; one digest stands for all spellings."""

from __future__ import annotations

import hashlib
from typing import Any

from find_friend import users


def normalize(email: str) -> str:
    """The address without surrounding space, in lower case."""
    return email.strip().lower()


def email_digest(email: str) -> str:
    """SHA-256 hex of the normalized address: unique on databases whatever their text comparison."""
    return hashlib.sha256(normalize(email).encode(errors="surrogatepass")).hexdigest()


def email_of(user: Any) -> str:
    """What the e-mail column of the site's user model holds, or an empty text."""
    name = users.email_field()
    return (getattr(user, name) or "") if name else ""


def is_storable(text: Any) -> bool:
    """Whether every database takes the value as a text: no NUL, no half of a surrogate pair."""
    if not isinstance(text, str) or "\0" in text:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in text)
