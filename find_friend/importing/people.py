"""Which of our users an old key stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import models

from find_friend import users

from .tables import OldTable


def folded(email: str | None) -> str:
    """The address as addresses are compared."""
    return users.normalize(email or "")


class ByKey:
    """The old tables refer to our own users, by their keys."""

    def find(self, keys: Collection[Any]) -> dict[Any, Any]:
        """Key of our user by old key; users who are not here are left out."""
        model = get_user_model()
        wanted = {key: self._converted(key) for key in keys}
        there = set(model._base_manager.filter(pk__in=set(wanted.values()) - {None}).values_list("pk", flat=True))
        return {old: key for old, key in wanted.items() if key in there}

    def _converted(self, key: Any) -> Any:
        try:
            return get_user_model()._meta.pk.to_python(key)
        except ValidationError:
            return None


class ByEmail:
    """The old tables refer to a table of users, whose e-mail addresses are those of ours."""

    def __init__(self, using: str, table: str) -> None:
        if users.email_field() is None:
            raise CommandError("The user model has no e-mail column: --match=email cannot work.")
        self.rows = OldTable(table, email=models.CharField()).open(using)
        self.twins = later_twins(self.rows)

    def find(self, keys: Collection[Any]) -> dict[Any, Any]:
        """Key of our user by old key; users who are not here are left out."""
        rows = self.rows.filter(pk__in=set(keys) - self.twins).values_list("pk", "email")
        addresses = {key: email for key, email in rows if folded(email)}
        ours = owners_of(set(addresses.values()))
        found = {key: ours.get(folded(email), []) for key, email in addresses.items()}
        return {key: owners[0] for key, owners in found.items() if len(owners) == 1}


def later_twins(rows: models.QuerySet[Any]) -> set[Any]:
    """Keys of old users whose address, upper and lower case alike, an older user has: the address is not theirs."""
    spelled = rows.annotate(folded=users.folded("email")).exclude(email="")
    shared = spelled.values("folded").annotate(n=models.Count("pk")).filter(n__gt=1).order_by()
    twins = spelled.filter(folded__in=list(shared.values_list("folded", flat=True))).order_by("pk")
    first: dict[str, Any] = {}
    return {key for key, email in twins.values_list("pk", "folded") if first.setdefault(email, key) != key}


def owners_of(emails: set[str]) -> dict[str, list[Any]]:
    """Keys of our users by folded address; of an address that several of them have, all."""
    name, manager = str(users.email_field()), get_user_model()._base_manager
    wanted = {folded(email) for email in emails}
    # As it is spelled first, which an index answers; the rest costs a look at all users.
    found = _by_address(manager.filter(**{f"{name}__in": emails | wanted}).values_list("pk", name))
    rest = wanted - found.keys()
    if rest:
        spelled = manager.annotate(find_friend_folded=users.folded(name)).filter(find_friend_folded__in=rest)
        found.update(_by_address(spelled.values_list("pk", name)))
    return found


def _by_address(rows: Iterable[tuple[Any, str]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, email in rows:
        found.setdefault(folded(email), []).append(key)
    return found
