"""Forms whose rules are those of the API's serializers, so that a person is told the same on both doors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework import serializers
from rest_framework.exceptions import APIException

from find_friend.exceptions import FindFriendError
from find_friend.serializers import serializer_class


class PageForm(forms.Form):
    """A form that knows the request, as ``context["request"]``, and can show the errors of the API."""

    def __init__(self, *args: Any, context: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self.context = dict(context or {})
        super().__init__(*args, **kwargs)

    def add_api_error(self, error: APIException) -> None:
        """Show what the error says, at the fields that it names."""
        self.add_details(error.detail)

    def add_details(self, detail: Any) -> None:
        named = detail if isinstance(detail, dict) else {NON_FIELD_ERRORS: detail}
        for name, texts in named.items():
            field = name if name in self.fields else None
            if not (field and field in self.errors):
                self.add_error(field, list(flat(texts)))


def flat(texts: Any) -> Any:
    """The texts in an error of a serializer, however deep they are."""
    if isinstance(texts, dict):
        texts = texts.values()
    elif isinstance(texts, str):
        yield str(texts)
        return
    for text in texts:
        yield from flat(text)


class SerializerForm(PageForm):
    """Input is checked by a serializer: the class in force for ``role``, or ``serializer_class``.

    Fields that are declared here have the widgets and labels; what the serializer does not take is left out, and a
    field that a site's serializer takes besides is added. ``save`` is the serializer's, for ``instance``.
    """

    role = ""
    serializer_class: Any = None
    partial = False
    only: tuple[str, ...] = ()  # fields of the serializer that this form shows; empty: all of them
    left_out: tuple[str, ...] = ()  # those that it does not show
    besides: tuple[str, ...] = ()  # fields of the form alone, which the serializer does not see

    def __init__(self, *args: Any, instance: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance = instance
        self.serializer = self.get_serializer()
        self.fit(self.serializer.fields)

    def get_serializer(self, **kwargs: Any) -> Any:
        cls = self.serializer_class or serializer_class(self.role)
        return cls(self.instance, context=self.context, partial=self.partial, **kwargs)

    def fit(self, known: Mapping[str, serializers.Field]) -> None:
        """Make the fields those of the serializer."""
        taken = {name: field for name, field in known.items() if self.takes(name, field)}
        for name in [name for name in self.fields if name not in taken and name not in self.besides]:
            del self.fields[name]
        for name, field in taken.items():
            added = None if name in self.fields else form_field(field)
            if added is not None:
                self.fields[name] = added
            if name in self.fields:
                self.fields[name].required = is_required(field)

    def takes(self, name: str, field: serializers.Field) -> bool:
        return not field.read_only and name not in self.left_out and (not self.only or name in self.only)

    def get_data(self) -> dict[str, Any]:
        """What the serializer is given: an input that was left empty is what the serializer takes for nothing."""
        known = self.serializer.fields
        given = {name: as_given(known[name], value) for name, value in self.cleaned_data.items() if name in known}
        return {name: value for name, value in given.items() if value is not serializers.empty}

    def clean(self) -> dict[str, Any]:
        self.serializer = self.get_serializer(data=self.get_data())
        try:
            if not self.serializer.is_valid():
                self.add_details(self.serializer.errors)
        except FindFriendError as error:
            self.add_api_error(error)
        return self.cleaned_data

    def save(self) -> Any:
        return self.serializer.save()


def as_given(field: Any, value: Any) -> Any:
    if value not in ("", None, []):
        return value
    if getattr(field, "allow_blank", False):
        return ""
    if field.allow_null:
        return None
    return value if field.required else serializers.empty


def is_required(field: serializers.Field) -> bool:
    empty = field.allow_null or getattr(field, "allow_blank", False) or getattr(field, "allow_empty", False)
    return field.required and not empty and not isinstance(field, serializers.BooleanField)


def form_field(field: Any) -> forms.Field | None:
    """A form field for a serializer's field of a plain kind; None for another."""
    text = {"label": field.label, "help_text": field.help_text or "", "required": False}
    if field.style.get("input_type") == "password":
        return forms.CharField(widget=forms.PasswordInput, strip=False, **text)
    if isinstance(field, serializers.ChoiceField) and not isinstance(field, serializers.MultipleChoiceField):
        return forms.ChoiceField(choices=[("", "—"), *field.choices.items()], **text)
    for kind, cls in KINDS.items():
        if isinstance(field, kind):
            return cls(**text)
    return None


KINDS: dict[type[serializers.Field], type[forms.Field]] = {
    serializers.EmailField: forms.EmailField,
    serializers.CharField: forms.CharField,
    serializers.BooleanField: forms.BooleanField,
    serializers.IntegerField: forms.IntegerField,
    serializers.DecimalField: forms.DecimalField,
    serializers.FloatField: forms.FloatField,
    serializers.DateTimeField: forms.DateTimeField,
    serializers.DateField: forms.DateField,
}
