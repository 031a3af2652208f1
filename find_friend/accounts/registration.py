"""Sign-up over the site's user model, whatever it looks like."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, router, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import ValidationError

from find_friend import locks, users
from find_friend.conf import app_settings

from . import mail, passwords
from .exceptions import AccountInUse
from .models import EmailAddress, Profile, Purpose
from .signals import user_registered


def email_taken() -> ValidationError:
    return ValidationError({"email": [_("This address is taken.")]}, code="unique")


def unsaved_user(*, email: str, **names: str) -> Any:
    """What password validators compare with."""
    return get_user_model()(**{str(users.email_field()): email}, **names)


def register(*, email: str, password: str, birthday: date | None = None, **names: str) -> Any:
    """Make a user with that address, password and names; mail a link that confirms the address.

    ValidationError on ``email`` if somebody has the address already: the database decides.
    """
    model = get_user_model()
    try:
        with passwords.hashing_slot(), transaction.atomic(using=router.db_for_write(model)):
            user = _create(model, email, password, names)
            if EmailAddress.objects.sync(user) is None:
                raise email_taken()
            if birthday is not None:
                Profile.objects.create(user=user, birthday=birthday)
            user_registered.send_on_commit(model, user=user)
    except IntegrityError:
        raise email_taken() from None
    if app_settings.EMAIL_VERIFICATION != "off":
        mail.send_link(user, Purpose.VERIFY, email)
    return user


def unregister(user: Any) -> None:
    """Delete the account with all that hangs on it. AccountInUse where the database keeps it; UserNotThere."""
    try:
        with locks.locked_users(user):
            user.delete()
    except (ProtectedError, RestrictedError):
        raise AccountInUse from None


def _create(model: Any, email: str, password: str, names: dict[str, str]) -> Any:
    fields: dict[str, Any] = {**names, str(users.email_field()): email}
    column = model._meta.get_field(model.USERNAME_FIELD)
    fields.setdefault(model.USERNAME_FIELD, uuid.uuid4().hex[: column.max_length])
    if hasattr(model._default_manager, "create_user"):
        return model._default_manager.create_user(password=password, **fields)
    user = model(**fields)
    user.set_password(password)
    user.save()
    return user
