from __future__ import annotations

from typing import Any

from rest_framework import renderers


class EscapingRenderer(renderers.JSONRenderer):
    ensure_ascii = True


class JSONRenderer(renderers.JSONRenderer):
    """JSON in UTF-8. An error that quotes half of a surrogate pair, which UTF-8 lacks, is written in escapes."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return EscapingRenderer().render(data, accepted_media_type, renderer_context)
