"""Start-up checks of what this app needs of the site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections, router

from find_friend import users
from find_friend.conf import app_settings

from .filters import NAMES
from .models import EmailAddress

SHOWN = 20


@register(Tags.models)
def check_user_model(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*missing_email_column(), *unknown_required_fields(), *links()]


def missing_email_column() -> Iterator[CheckMessage]:
    if users.email_field() is None:
        yield Error(
            "The user model has no e-mail column.",
            hint="find_friend.accounts signs people in by e-mail: add an EmailField and name it in EMAIL_FIELD.",
            obj=get_user_model(),
            id="find_friend.E010",
        )


def unknown_required_fields() -> Iterator[CheckMessage]:
    model = get_user_model()
    known = {*NAMES, users.email_field(), model.USERNAME_FIELD}
    for name in sorted(set(model.REQUIRED_FIELDS) - known):
        field = model._meta.get_field(name)
        if not (field.has_default() or field.null or field.blank):  # type: ignore[union-attr]
            yield Error(
                f"Sign-up cannot fill the field {name!r} that the user model requires.",
                hint="Give it a default, or make it optional.",
                obj=model,
                id="find_friend.E011",
            )


def links() -> Iterator[CheckMessage]:
    for name, address in app_settings.LINKS.items():
        if address and not ("{uid}" in address and "{token}" in address):
            yield Error(
                f"FIND_FRIEND['LINKS'][{name!r}] lacks {{uid}} or {{token}}.",
                hint='Write an address such as "https://example.com/reset?uid={uid}&token={token}".',
                id="find_friend.E012",
            )


@register(Tags.database)
def check_duplicate_addresses(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    alias = router.db_for_read(EmailAddress)
    if alias not in (databases or ()):
        return []
    tables = connections[alias].introspection.table_names()
    if not {EmailAddress._meta.db_table, get_user_model()._meta.db_table} <= set(tables):
        return []  # before the first migrate
    shared = EmailAddress.objects.duplicates()
    if not shared:
        return []
    shown = ", ".join(str(pk) for pk in shared[:SHOWN])
    return [
        Warning(
            f"{len(shared)} users share an e-mail address with another one and cannot sign in by it: {shown}"
            f"{', …' if len(shared) > SHOWN else ''}.",
            hint="Give each user an address of their own; upper and lower case do not count.",
            id="find_friend.W010",
        )
    ]
