"""What a person leaves in an answer: their names, and what nobody else may ever read."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import CharField

from find_friend import users

from .scenes import installed

BIRTHDAY = date(1951, 7, 23)
PLACE = (41.172839, 12.918273)
NAMES = ("first_name", "last_name")
ROOM = 20  # a column of so many characters holds what cannot be there by chance
VOLATILE = {"last_login", "last_used_at"}


def telling_values(who: str) -> dict[str, Any]:
    """Columns of the site's user model, with texts that are found again wherever they turn up."""
    model: Any = get_user_model()
    columns = {field.name: field for field in model._meta.concrete_fields}
    values: dict[str, Any] = {}
    for name in (*NAMES, model.USERNAME_FIELD):
        column = columns.get(name)
        if isinstance(column, CharField) and (column.max_length or ROOM) >= ROOM:
            values[name] = f"{who.title()}{secrets.token_hex(4)}"
    email = users.email_field()
    if email:
        values[email] = f"{who}-{secrets.token_hex(6)}@example.com"
    return values


def give_a_past(user: Any) -> None:
    """A birthday and a place, where the site has profiles."""
    if installed("accounts"):
        from find_friend.accounts.models import City, Profile

        city = City.objects.create(name=f"City {secrets.token_hex(4)}", latitude=PLACE[0], longitude=PLACE[1])
        Profile.objects.update_or_create(user=user, defaults={"birthday": BIRTHDAY, "city": city})


def names_of(user: Any) -> list[str]:
    found = (str(getattr(user, name, "")) for name in NAMES)
    return [name for name in found if len(name) >= 8]


def email_of(user: Any) -> str:
    name = users.email_field()
    return (getattr(user, name) or "") if name else ""


def secrets_of(user: Any) -> Iterator[tuple[str, str]]:
    """What each is called, and the text that gives it away; the address is no part of it."""
    yield "stored password", user.password
    user_name = str(user.get_username())
    if len(user_name) >= 8 and user_name != email_of(user):
        yield "user name", user_name
    if installed("accounts"):
        yield "birthday", BIRTHDAY.isoformat()
        for part in PLACE:
            yield "place", str(part)
        for digest in user.find_friend_tokens.values_list("digest", flat=True):
            yield "token", digest


def rows() -> dict[str, list[str]]:
    """Every row of the users and of the package, by model; when somebody was last seen aside."""
    models: list[Any] = [get_user_model()]
    for name in ("accounts", "friends", "chat"):
        if installed(name):
            models += apps.get_app_config(f"find_friend_{name}").get_models()
    found = {}
    for model in models:
        columns = [field.attname for field in model._meta.concrete_fields if field.name not in VOLATILE]
        found[model._meta.label] = sorted(map(str, model._base_manager.values_list(*columns)))
    return found
