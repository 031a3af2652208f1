from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular import views
from drf_spectacular.settings import patched_settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import find_friend

FONT = "sans-serif"
# What a site has put into SPECTACULAR_SETTINGS comes first.
DEFAULTS = {
    "TITLE": "find_friend",
    "DESCRIPTION": "People, friendships and chat.",
    "VERSION": find_friend.__version__,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    # Two values, so that Redoc asks for nothing but the description: its default fonts come from elsewhere.
    "REDOC_UI_SETTINGS": {"theme": {"typography": {"fontFamily": FONT, "headings": {"fontFamily": FONT}}}},
}


def defaults() -> dict[str, Any]:
    chosen = getattr(settings, "SPECTACULAR_SETTINGS", {})
    return {key: value for key, value in DEFAULTS.items() if key not in chosen}


class OpenMixin(APIView):
    """Public pages whose assets come from the site itself; no setting of the site is needed for that."""

    authentication_classes: Any = []
    permission_classes: Any = []
    throttle_classes: Any = []
    versioning_class = None
    schema = None  # not a part of what it describes

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with patched_settings(defaults()):
            return super().get(request, *args, **kwargs)  # type: ignore[misc]


class SchemaMixin(OpenMixin):
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with patched_settings(defaults()):
            return self._get_schema_response(request)  # type: ignore[attr-defined]

    def _get_version_parameter(self, request: Request) -> None:
        return None


class JSONView(SchemaMixin, views.SpectacularJSONAPIView):
    pass


class YAMLView(SchemaMixin, views.SpectacularYAMLAPIView):
    pass


class SwaggerView(OpenMixin, views.SpectacularSwaggerView):
    url_name = "find_friend-swagger-json"


class RedocView(OpenMixin, views.SpectacularRedocView):
    url_name = "find_friend-swagger-json"
    template_name = "find_friend/openapi/redoc.html"
