"""Who may post and receive in which chat now: one by one, many at once, or inside of a statement."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models, router
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now

from find_friend.exceptions import NotAllowed, NotThere
from find_friend.policies import Policy, answers_in_bulk, policy
from find_friend.users import is_active

from .models import Chat, Membership

Pair = tuple[int, Any]  # keys of a chat and of a member


def bulk_policy() -> Policy | None:
    """The policy in force if it answers for many pairs at once; None where only its single answers count."""
    rules = policy()
    bulk = answers_in_bulk(rules, "may_message_in_bulk", "may_message") and answers_in_bulk(
        rules, "may_take_part_in_bulk", "may_take_part"
    )
    return rules if bulk else None


def open_memberships(rules: Policy) -> models.QuerySet[Membership]:
    """The memberships whose user may post and receive in the chat, decided by the database."""
    other = Case(When(chat__initiator=F("user"), then=F("chat__receiver")), default=F("chat__initiator"))
    places = Membership.objects.annotate(find_friend_other=other).filter(is_active("user__"))
    direct = Q(find_friend_other__isnull=False) & rules.may_message_in_bulk("user_id", "find_friend_other")
    return places.filter(rules.may_take_part_in_bulk("user_id"), Q(chat__pair_key=None) | direct)


def open_pairs(pairs: Collection[Pair]) -> dict[Pair, str]:
    """Those of the pairs that are open now, each with the stamp of its user."""
    chats, members = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    rules = bulk_policy()
    if rules is not None:
        found = open_memberships(rules).filter(chat__in=chats, user__in=members)
        rows = found.values_list("chat_id", "user_id", "user__password")
        return {(chat, user): stamp_of(password) for chat, user, password in rows if (chat, user) in pairs}
    places = Membership.objects.filter(is_active("user__"), chat__in=chats, user__in=members)
    places = places.select_related("user", "chat__initiator", "chat__receiver")
    return {
        (place.chat_id, place.user_id): stamp_of(place.user.password)
        for place in places
        if (place.chat_id, place.user_id) in pairs and is_open(place.chat, place.user)
    }


def is_open(chat: Chat, user: Any) -> bool:
    try:
        chat.ensure_open_to(user)
    except (NotAllowed, NotThere):
        return False
    return True


def stamp_of(password: str) -> str:
    """What a socket remembers of its user's stored password: another one ends the socket."""
    return hashlib.sha256(password.encode()).hexdigest()


def unexpired(model: type[models.Model]) -> models.QuerySet[Any] | None:
    """The rows of a kind of credential that still count, by the clock of the database; None where only a row can tell.

    A credential of the site's own can be asked for in bulk too: its default manager needs a method ``unexpired``.
    """
    if issubclass(model, AbstractBaseSession):
        return model._default_manager.filter(expire_date__gt=Now())
    manager: Any = model._default_manager
    return manager.unexpired() if tells_by_row(model) else None


def tells_by_row(model: type[models.Model]) -> bool:
    """Whether the database can tell of rows of a kind of credential that they still count."""
    return is_near(model) and (issubclass(model, AbstractBaseSession) or hasattr(model._default_manager, "unexpired"))


def is_near(model: type[models.Model]) -> bool:
    """Whether its rows are where the messages are, so that one statement can look at both."""
    return router.db_for_read(model) == router.db_for_read(Chat)


def living(rows: Iterable[tuple[type[models.Model], Any]]) -> set[tuple[type[models.Model], Any]]:
    """Those of the credentials, given as model and key, that still count: one query for each model."""
    keys: dict[type[models.Model], set[Any]] = defaultdict(set)
    for model, key in rows:
        keys[model].add(key)
    found: set[tuple[type[models.Model], Any]] = set()
    for model, wanted in keys.items():
        alive = unexpired(model)
        if alive is not None:
            found.update((model, key) for key in alive.filter(pk__in=wanted).values_list("pk", flat=True))
    return found
