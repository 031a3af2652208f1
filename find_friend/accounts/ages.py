"""Whole years, counted in the current time zone. Who is born on 29 February gets older on 1 March in other years."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils import timezone

OLDEST = 120


def today() -> date:
    return timezone.localdate() if settings.USE_TZ else timezone.now().date()


def age_on(birthday: date, day: date) -> int:
    return day.year - birthday.year - ((day.month, day.day) < (birthday.month, birthday.day))


def latest_birthday(age: int, day: date) -> date:
    """The last birthday of those who are at least ``age`` years old on ``day``."""
    try:
        return day.replace(year=day.year - age)
    except ValueError:  # 29 February in a year that has none
        return day.replace(year=day.year - age, day=28)
