from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import constant_time_compare


def open_session(key: str | None) -> Any:
    """The session with that key; an empty one where there is no such session or the site has none at all."""
    if not apps.is_installed("django.contrib.sessions"):
        return {}
    if key is not None and not (key.isascii() and key.isprintable()):
        key = None
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def session_row(session: Any) -> tuple[Any, Any] | None:
    """Model and key of the row in which a session lives; None where it lives elsewhere."""
    if not hasattr(session, "get_model_class") or session.session_key is None:
        return None
    return session.get_model_class(), session.session_key


def session_user(session: Any) -> AbstractBaseUser | None:
    """Who is signed in by a session.

    Unlike ``django.contrib.auth.get_user`` it writes nothing: a socket has no way to give the browser a new cookie.
    """
    backend = session.get(BACKEND_SESSION_KEY)
    if backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(backend).get_user(get_user_model()._meta.pk.to_python(session[SESSION_KEY]))
    if user is None:
        return None
    given = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return user if any(constant_time_compare(given, each) for each in hashes) else None
