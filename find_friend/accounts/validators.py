from __future__ import annotations

import unicodedata
from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings

from .ages import OLDEST, age_on, today

# Besides letters and marks of any script: space, hyphens, apostrophes, period, middle dots, joiners.
NAME_PUNCTUATION = frozenset(" -\u2010\u2011'\u2019\u0060\u00b4.\u00b7\u30fb\u200c\u200d")
JOINERS = frozenset("\u200c\u200d")
MOST_MARKS = 3  # on one letter


def validate_name(value: str) -> None:
    """A first or last name in any script. One pass over the text, however long it is."""
    kinds = [unicodedata.category(character)[0] for character in value]
    allowed = all(kind in "LM" or character in NAME_PUNCTUATION for kind, character in zip(kinds, value, strict=True))
    if not allowed or "L" not in kinds or value != value.strip() or not is_well_formed(value, kinds):
        raise ValidationError(
            _("A name has letters, and inside it spaces, hyphens, apostrophes and periods."), code="invalid_name"
        )


def is_well_formed(value: str, kinds: list[str]) -> bool:
    """Whether no letter has a tower of marks, and joiners join something."""
    marks = 0
    for before, character, kind, after in zip(["", *kinds], value, kinds, [*kinds[1:], ""], strict=False):
        if character in JOINERS:
            if before not in ("L", "M") or after not in ("L", "M"):
                return False
            continue
        marks = marks + 1 if kind == "M" else 0
        if marks > MOST_MARKS:
            return False
    return True


def validate_birthday(value: date) -> None:
    """A day in the past of somebody who may be alive."""
    if value > today():
        raise ValidationError(_("This day is still to come. Check the year."), code="birthday_in_future")
    if age_on(value, today()) > OLDEST:
        raise ValidationError(_("This day is too long ago. Check the year."), code="birthday_too_early")


def validate_minimum_age(value: date) -> None:
    youngest = app_settings.MINIMUM_AGE
    if youngest is not None and age_on(value, today()) < youngest:
        raise ValidationError(_("You are too young for this site."), code="too_young")
