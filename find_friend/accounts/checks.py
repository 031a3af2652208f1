"""Start-up checks of what this app needs of the site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections, router

from find_friend import users
from find_friend.checks import wrong_settings
from find_friend.conf import app_settings
from find_friend.kinds import is_dotted_path

from .models import EmailAddress
from .models.profiles import NAMES

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
    for name, link in () if wrong_settings() else app_settings.LINKS.items():
        is_address = bool(link) and isinstance(link, str) and not is_dotted_path(link)
        if is_address and not ("{uid}" in link and "{token}" in link):
            yield Error(
                f"FIND_FRIEND['LINKS'][{name!r}] lacks {{uid}} or {{token}}.",
                hint='Write an address such as "https://example.com/reset?uid={uid}&token={token}", or a function.',
                id="find_friend.E012",
            )


@register(Tags.database)
def check_backfill(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether EMAIL_BACKFILLED is true: users without a row are not found by their address."""
    if wrong_settings() or not app_settings.EMAIL_BACKFILLED or not are_tables_there(databases):
        return []
    missing = EmailAddress.objects.missing().count() - len(EmailAddress.objects.duplicates())
    if missing <= 0:
        return []
    return [
        Warning(
            f"EMAIL_BACKFILLED is set, and {missing} users cannot be found by their address.",
            hint="Run manage.py find_friend_backfill.",
            id="find_friend.W011",
        )
    ]


def are_tables_there(databases: Any) -> bool:
    """Whether the database is to be looked at, and the first migrate has been."""
    alias = router.db_for_read(EmailAddress)
    if alias not in (databases or ()):
        return False
    tables = connections[alias].introspection.table_names()
    return {EmailAddress._meta.db_table, get_user_model()._meta.db_table} <= set(tables)


@register(Tags.database)
def check_duplicate_addresses(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    if not are_tables_there(databases):
        return []
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
