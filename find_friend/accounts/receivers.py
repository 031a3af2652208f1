"""Keeps our tables in step with the site's user model, whoever changes it."""

from __future__ import annotations

from typing import Any

from find_friend import users

from .models import AuthToken, EmailAddress


def user_saved(sender: Any, instance: Any, update_fields: Any = None, raw: bool = False, **kwargs: Any) -> None:
    if raw:
        return
    if update_fields is None or users.email_field() in update_fields:
        EmailAddress.objects.sync(instance)
    if not getattr(instance, "is_active", True) and (update_fields is None or "is_active" in update_fields):
        AuthToken.objects.revoke_all(instance)
