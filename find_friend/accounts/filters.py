from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from rest_framework import serializers

from find_friend import users
from find_friend.serializers import serializer_class

from .ages import latest_birthday, today
from .models import Profile, Sex
from .models.profiles import NAMES

__all__ = ["PeopleFilter"]

LARGEST_KEY = 2**63 - 1


class KeyField(serializers.IntegerField):
    """A primary key of one of our own tables."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_KEY, **kwargs)


class PeopleFilter(serializers.Serializer):
    """The query of people search. Each part narrows the result; of several interests one is enough.

    It is the serializer role ``people_filter``: a subclass adds fields, and what they mean in ``narrow``.
    """

    city = KeyField(required=False)
    interest = serializers.ListField(child=KeyField(), max_length=50, required=False)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False)
    age_min = serializers.IntegerField(min_value=0, max_value=200, required=False)
    age_max = serializers.IntegerField(min_value=0, max_value=200, required=False)
    search = serializers.CharField(max_length=100, required=False)

    def narrow(self, queryset: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        """The users of ``queryset`` who are asked for; ``wanted`` has the fields that were given."""
        conditions = self.profile_conditions(wanted)
        if conditions:
            queryset = queryset.filter(pk__in=Profile.objects.filter(conditions).values("user"))
        return queryset.filter(has_name(wanted["search"])) if "search" in wanted else queryset

    def profile_conditions(self, wanted: dict[str, Any]) -> Q:
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


def filter_people(queryset: QuerySet[Any], query: QueryDict, context: Mapping[str, Any]) -> QuerySet[Any]:
    """The users that a query asks for. ValidationError, keyed by field, for one that makes no sense."""
    cls = serializer_class("people_filter")
    asked = {}
    for name, field in cls().get_fields().items():
        values = query.getlist(name)
        if any(values):
            asked[name] = values if isinstance(field, serializers.ListField) else values[-1]
    form = cls(data=asked, context=context)
    form.is_valid(raise_exception=True)
    return form.narrow(queryset, form.validated_data)


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
