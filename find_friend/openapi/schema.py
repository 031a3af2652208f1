"""Turns the table of operations into OpenAPI, with examples and error answers for every one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.utils.module_loading import import_string
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from find_friend.conf import app_settings
from find_friend.serializers import serializer_class

from .operations import OPERATIONS, Operation

REASONS = {
    400: "What was sent is wrong: field names with texts, or detail and code.",
    401: "No valid token.",
    403: "Visible to the asker, and not allowed.",
    404: "Not there, as far as the asker may know.",
    409: "The present state forbids it.",
    413: "Too large.",
    415: "A media type the endpoint does not read.",
    429: "Too many requests; Retry-After says when to come back.",
}


class ErrorSerializer(serializers.Serializer):
    detail = serializers.CharField(help_text="For people, in their language.")
    code = serializers.CharField(help_text="For programs; stable.")


class LinksSerializer(serializers.Serializer):
    """Addresses by name, of whichever apps are installed."""

    users = serializers.URLField(required=False)
    friends = serializers.URLField(required=False)
    chats = serializers.URLField(required=False)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "find_friend.accounts.authentication.TokenAuthentication"
    name = "tokenAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`, with the key that `auth/token/login/` gave.",
        }


class LegacyTokenScheme(OpenApiAuthenticationExtension):
    target_class = "find_friend.accounts.authentication.LegacyTokenAuthentication"
    name = "legacyTokenAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`, with a key that the site gave before.",
        }


class UserCardFieldSchema(OpenApiSerializerFieldExtension):
    target_class = "find_friend.serializers.UserCardField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return auto_schema.resolve_serializer(serializer_class("user"), direction).ref


class UserKeyFieldSchema(OpenApiSerializerFieldExtension):
    target_class = "find_friend.serializers.UserKeyField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return auto_schema._map_model_field(get_user_model()._meta.pk, direction)


class CityFieldSchema(OpenApiSerializerFieldExtension):
    target_class = "find_friend.accounts.serializers.CityField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return {"type": "integer", "minimum": 1}


class TimestampFieldSchema(OpenApiSerializerFieldExtension):
    target_class = "find_friend.serializers.TimestampField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        return {"type": "string", "format": "date-time"}


class FindFriendSchema(AutoSchema):
    """Describes our views. A view that a site adds or subclasses is described as drf-spectacular would."""

    view: Any

    @property
    def entry(self) -> Operation | None:
        action = getattr(self.view, "action", None) or self.method.lower()
        names = (f"{cls.__name__}.{action}" for cls in type(self.view).__mro__)
        return next((OPERATIONS[name] for name in names if name in OPERATIONS), None)

    def get_summary(self) -> Any:
        return self.entry.summary if self.entry else super().get_summary()

    def get_description(self) -> Any:  # type: ignore[override]
        return self.entry.description if self.entry else super().get_description()

    def get_tags(self) -> list[str]:
        return [self.entry.tag] if self.entry else super().get_tags()

    def get_operation_id(self) -> str:
        return self.entry.id if self.entry else super().get_operation_id()

    def get_auth(self) -> Any:
        return [] if self.view.guest else super().get_auth()

    def get_override_parameters(self) -> Any:
        return self.entry.parameters if self.entry else super().get_override_parameters()

    def get_request_serializer(self) -> Any:
        return named(self.entry.request) if self.entry else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        if self.entry is None:
            return super().get_response_serializers()
        good = {self.entry.status: self.good_answer(self.entry)}
        also = {code: OpenApiResponse(description=text) for code, text in self.entry.also.items()}
        return {**good, **also, **self.bad_answers(self.entry)}

    def good_answer(self, entry: Operation) -> Any:
        serializer = named(entry.response)
        if serializer is None:
            return OpenApiResponse(description="Done; no body.")
        return serializer(many=True) if entry.many else serializer

    def bad_answers(self, entry: Operation) -> dict[int, Any]:
        answers: dict[int, tuple[str, ...]] = dict(entry.errors)
        if not self.view.guest:
            answers.setdefault(401, ("not_authenticated",))
        if entry.request is not None:
            answers.setdefault(400, ())
            answers.setdefault(415, ("unsupported_media_type",))
        if self.throttled:
            answers.setdefault(429, ("throttled",))
        return {code: self.bad_answer(code, codes) for code, codes in sorted(answers.items())}

    @property
    def throttled(self) -> bool:
        return self.method in self.view.throttle_scopes or "*" in self.view.throttle_scopes

    def bad_answer(self, status: int, codes: tuple[str, ...]) -> OpenApiResponse:
        examples = [
            OpenApiExample(code, {"detail": "…", "code": code}, response_only=True, status_codes=[status])
            for code in codes
        ]
        if status == 400 and not codes:
            body = {"some_field": ["This field is required."]}
            examples = [OpenApiExample("fields", body, response_only=True, status_codes=[status])]
        body_class = OpenApiTypes.OBJECT if status == 400 else ErrorSerializer
        return OpenApiResponse(body_class, description=REASONS[status], examples=examples)

    def get_examples(self) -> list[OpenApiExample]:
        if self.entry is None:
            return super().get_examples()
        examples = []
        if self.entry.sent is not None:
            examples.append(OpenApiExample("Request", self.entry.sent, request_only=True))
        if self.entry.got is not None:
            status = [str(self.entry.status)]
            examples.append(OpenApiExample("Answer", self.entry.got, response_only=True, status_codes=status))
        return examples

    def get_filter_backends(self) -> list[Any]:
        return []

    def _get_paginator(self) -> Any:
        return app_settings.PAGINATION_CLASS() if self.entry and self.entry.many and self.entry.paged else None


def named(name: str | None) -> Any:
    """The serializer class of a role or of a dotted path."""
    if name is None:
        return None
    return import_string(name) if "." in name else serializer_class(name)
