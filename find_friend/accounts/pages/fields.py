"""Fields for what is picked from a list: they take what a person writes, and need no script for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..models import City, Interest
from ..search import fold

FEW = 40  # so many interests are shown all at once
SHOWN = 5
LONGEST = 300
PICK = {"autocomplete": "off"}


def label_of(city: City) -> str:
    """``Springfield, Illinois, US``: what tells cities of one name apart."""
    return ", ".join(part for part in (city.name, city.region, city.country) if part)


def quoted(texts: Iterable[str]) -> str:
    return ", ".join(gettext("“%s”") % text for text in texts)


class CityField(forms.CharField):
    """A city by its name, as ``City.pk``; region and country may follow after commas."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={**PICK, "data-ff-choices": "cities"})
        super().__init__(max_length=LONGEST, required=False, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A key, such as that of the profile, is shown as the name."""
        if isinstance(value, int):
            city = City.objects.filter(pk=value).first()
            return label_of(city) if city else ""
        return value

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        return self.find(text).pk if text else None

    def find(self, text: str) -> City:
        name, *rest = [fold(part) for part in text.split(",")]
        named = list(City.objects.filter(search_key=name).order_by("-population", "pk")[:50])
        found = [city for city in named if set(rest) <= {fold(city.region), fold(city.country)}]
        if len(found) == 1:
            return found[0]
        if found:
            labels = dict.fromkeys(label_of(city) for city in found)
            if len(labels) == 1:  # nothing tells them apart: the largest
                return found[0]
            raise ValidationError(_("There are several. Write one of these: %s") % quoted([*labels][:SHOWN]))
        similar = City.objects.search(name).order_by("-population", "pk")[:SHOWN] if name else []
        raise unknown(text, [label_of(city) for city in similar])


class InterestsField(forms.MultipleChoiceField):
    """Interests to tick, by ``Interest.pk``; whether there is such a one is the serializer's to say."""

    widget = forms.CheckboxSelectMultiple

    def valid_value(self, value: str) -> bool:
        return True


class InterestNamesField(forms.CharField):
    """Names of interests with commas between them, as a list of ``Interest.pk``."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={**PICK, "data-ff-choices": "interests", "data-ff-many": "", "class": "ff-wide"})
        super().__init__(max_length=1000, required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> list[int]:
        names = {fold(part): part.strip() for part in super().clean(value).split(",") if fold(part)}
        found = dict(Interest.objects.filter(search_key__in=names).values_list("search_key", "pk"))
        for key, name in names.items():
            if key not in found:
                raise unknown(name, [interest.name for interest in Interest.objects.search(key)[:SHOWN]])
        return list(found.values())


def unknown(text: str, similar: list[str]) -> ValidationError:
    if not similar:
        return ValidationError(_("%s is not on the list.") % quoted([text]))
    names = {"name": quoted([text]), "names": quoted(similar)}
    return ValidationError(_("%(name)s is not on the list. There are: %(names)s") % names)


def add_interest_choices(form: Any, field: str, names: str) -> None:
    """Offer all interests where there are few; else those that are ticked, and a field to write more of them."""
    if field not in form.fields:  # the site's serializer has none
        del form.fields[names]
        return
    every = list(Interest.objects.all()[: FEW + 1])
    if len(every) <= FEW:
        del form.fields[names]
    else:
        ticked = form.data.getlist(form.add_prefix(field)) if form.is_bound else form.initial.get(field, [])
        keys = [str(key) for key in ticked if str(key).isdecimal() and len(str(key)) < 19]
        every = list(Interest.objects.filter(pk__in=keys))
    if not every:
        label = form.fields.pop(field).label
        if names in form.fields:
            form.fields[names].label = label
        return
    form.fields[field].choices = [(interest.pk, interest.name) for interest in every]
