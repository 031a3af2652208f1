from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from find_friend.serializers import user_cards

from .links import address

PERSON = "find_friend_accounts_pages:person"


def name_of(card: Mapping[str, Any]) -> str:
    """The name that a card shows, in one."""
    return " ".join(filter(None, (card.get("first_name"), card.get("last_name")))) or _("No name")


def cards_with_pages(pks: Iterable[Any], context: Mapping[str, Any], *, among: Any = None) -> dict[Any, dict[str, Any]]:
    """User cards by key, each with ``page``: the address of that person's page, or None where the site has none."""
    cards = user_cards(pks, context, among=among)
    return {pk: {**card, "page": address(PERSON, pk)} for pk, card in cards.items()}
