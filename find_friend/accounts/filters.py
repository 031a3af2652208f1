from __future__ import annotations

import unicodedata
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from rest_framework import serializers

from find_friend import users

from .ages import latest_birthday, today
from .models import Profile, Sex

NAMES = ("first_name", "last_name")
LISTS = ("interest",)
LARGEST_KEY = 2**63 - 1


class KeyField(serializers.IntegerField):
    """A primary key of one of our own tables."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_KEY, **kwargs)


class PeopleFilter(serializers.Serializer):
    """The query of people search. Each part narrows the result; of several interests one is enough."""

    city = KeyField(required=False)
    interest = serializers.ListField(child=KeyField(), max_length=50, required=False)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False)
    age_min = serializers.IntegerField(min_value=0, max_value=200, required=False)
    age_max = serializers.IntegerField(min_value=0, max_value=200, required=False)
    search = serializers.CharField(max_length=100, required=False)


def filter_people(queryset: QuerySet[Any], query: QueryDict) -> QuerySet[Any]:
    """The users that a query asks for. ValidationError, keyed by field, for one that makes no sense."""
    asked = {name: query.getlist(name) for name in PeopleFilter().get_fields() if any(query.getlist(name))}
    form = PeopleFilter(data={name: values if name in LISTS else values[-1] for name, values in asked.items()})
    form.is_valid(raise_exception=True)
    wanted = form.validated_data
    conditions = profile_conditions(wanted)
    if conditions:
        queryset = queryset.filter(pk__in=Profile.objects.filter(conditions).values("user"))
    return queryset.filter(has_name(wanted["search"])) if "search" in wanted else queryset


def profile_conditions(wanted: dict[str, Any]) -> Q:
    conditions = Q()
    if "city" in wanted:
        conditions &= Q(city=wanted["city"])
    if "interest" in wanted:
        conditions &= Q(interests__in=wanted["interest"])
    if "sex" in wanted:
        conditions &= Q(sex=wanted["sex"])
    if "age_min" in wanted:
        conditions &= Q(birthday__lte=latest_birthday(wanted["age_min"], today()))
    if "age_max" in wanted:
        conditions &= Q(birthday__gt=latest_birthday(wanted["age_max"] + 1, today()))
    return conditions


def has_name(text: str) -> Q:
    """Every word begins the first or the last name.

    SQLite folds the case of ASCII letters only, so the usual spellings of a word are asked for one by one.
    """
    columns = [name for name in NAMES if users.has_field(name)]
    found = Q() if columns else Q(pk__in=())
    for word in unicodedata.normalize("NFC", text).split()[:5]:
        spellings = {word, word.lower(), word.upper(), word.capitalize(), word.title()}
        one = Q()
        for column in columns:
            for spelling in sorted(spellings):
                one |= Q(**{f"{column}__istartswith": spelling})
        found &= one
    return found
