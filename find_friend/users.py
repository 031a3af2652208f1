"""What the package needs of the site's user model, whatever that model is."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Q, QuerySet


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


def full_name(user: AbstractBaseUser | None) -> str:
    """First and last name as far as the model has them; never the user name, which may be an e-mail address."""
    names = (getattr(user, name, "") for name in ("first_name", "last_name"))
    return " ".join(name for name in names if name)


def find_user(pk: Any, *, among: QuerySet[Any] | None = None) -> AbstractBaseUser | None:
    """The active user (or the one among those given) with that key; None also for a text that is no key at all."""
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
