"""What the package needs of the site's user model, whatever that model is."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Trim


def has_field(name: str) -> bool:
    """Whether the site's user model has a column of that name."""
    try:
        get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def email_field() -> str | None:
    """Name of the e-mail column of the site's user model, or None."""
    name = get_user_model().get_email_field_name()
    return name if has_field(name) else None


def is_active(prefix: str = "") -> Q:
    """Condition that the user is active; always true where the model has no such column."""
    return Q(**{f"{prefix}is_active": True}) if has_field("is_active") else Q()


def active_users() -> QuerySet[Any]:
    return get_user_model()._default_manager.filter(is_active())


def normalize(email: str) -> str:
    """The address without surrounding space, in lower case."""
    return email.strip().lower()


def folded(name: str) -> Lower:
    """The same for a column, by the database: addresses are compared like this."""
    return Lower(Trim(name))


def names(user: AbstractBaseUser | None) -> tuple[str, str]:
    """First and last name; where the model has no such columns, what its own ``get_full_name()`` says, and nothing.

    Never the user name, which may be an e-mail address.
    """
    known = [getattr(user, name, None) for name in ("first_name", "last_name")]
    if user is not None and known == [None, None]:
        return name_of_its_own(user), ""
    first, last = (name or "" for name in known)
    return first, last


def name_of_its_own(user: AbstractBaseUser) -> str:
    """What a ``get_full_name()`` of the site says, unless that is the user name or has the address in it."""
    owner = next((cls for cls in type(user).__mro__ if "get_full_name" in vars(cls)), None)
    if owner is None or owner.__module__.startswith("django."):
        return ""
    name = str(user.get_full_name() or "").strip()  # type: ignore[attr-defined]
    address = str(getattr(user, email_field() or "", None) or "")
    is_secret = name == user.get_username() or (address and address.casefold() in name.casefold())
    return "" if is_secret else name


def full_name(user: AbstractBaseUser | None) -> str:
    """First and last name in one."""
    return " ".join(name for name in names(user) if name)


def label(row: models.Model, name: str) -> str:
    """Whom a column of the row is about, for ``str()``: the key, and the full name where the user is loaded already.

    It asks no database, so it can be shown anywhere, and has no user name in it, which nobody else may see.
    """
    field: Any = row._meta.get_field(name)
    key, known = str(getattr(row, field.attname)), full_name(field.get_cached_value(row, default=None))
    return f"{known} ({key})" if known else key


def is_storable(text: Any) -> bool:
    """Whether every database takes the value as a text: no NUL, no half of a surrogate pair."""
    if not isinstance(text, str) or "\0" in text:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in text)


def find_user(pk: Any, *, among: QuerySet[Any] | None = None) -> AbstractBaseUser | None:
    """The active user (or the one among those given) with that key; None also for a text that is no key at all."""
    if isinstance(pk, str) and not is_storable(pk):
        return None
    try:
        return (active_users() if among is None else among).filter(pk=pk).first()
    except (ValueError, TypeError, ValidationError, OverflowError):
        return None


def find_user_by_email(email: str) -> AbstractBaseUser | None:
    """The one active user with that address, compared without regard to case; None where two have it."""
    if apps.is_installed("find_friend.accounts"):
        return apps.get_model("find_friend_accounts", "EmailAddress").objects.user_for(email)
    name = email_field()
    if name is None:
        return None
    found = list(active_users().filter(**{f"{name}__iexact": email})[:2])
    return found[0] if len(found) == 1 else None
