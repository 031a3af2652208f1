"""E-mail addresses are compared without regard to case; one digest stands for all spellings."""

from __future__ import annotations

import hashlib
from typing import Any

from find_friend import users
from find_friend.users import normalize


def email_digest(email: str) -> str:
    """SHA-256 hex of the normalized address: unique on databases whatever their text comparison."""
    return hashlib.sha256(normalize(email).encode(errors="surrogatepass")).hexdigest()


def email_of(user: Any) -> str:
    """What the e-mail column of the site's user model holds, or an empty text."""
    name = users.email_field()
    return (getattr(user, name) or "") if name else ""
