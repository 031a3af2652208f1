"""What tokens and tickets remember of the password they were made under: any change of it, wherever, ends them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any


def _digest(session_hash: str) -> str:
    return hashlib.sha256(session_hash.encode()).hexdigest()


def fingerprint(user: Any) -> str:
    """SHA-256 hex of the user's session hash, which follows the password and the site's secret key."""
    return _digest(user.get_session_auth_hash())


def fingerprints(user: Any) -> list[str]:
    """The present one and those under ``SECRET_KEY_FALLBACKS``."""
    return [fingerprint(user), *map(_digest, user.get_session_auth_fallback_hash())]


def matches(stored: str, user: Any) -> bool:
    return any(secrets.compare_digest(stored, each) for each in fingerprints(user))


def new_secret() -> str:
    """256 random bits as a text that fits into an address."""
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
