from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

from . import views

__all__ = ["health_middleware"]


def early(pages: Mapping[str, Any]) -> Any:
    """A middleware that answers some paths, with async views, before anything looks at host names, HTTPS or sessions.

    Whoever asks comes from inside and calls the process by an address that is in no ALLOWED_HOSTS. Such a middleware
    is the first in MIDDLEWARE.
    """

    @sync_and_async_middleware
    def middleware(get_response: Any) -> Any:
        if iscoroutinefunction(get_response):

            async def answer(request: HttpRequest) -> Any:
                return await pages.get(request.path_info, get_response)(request)

            return answer

        def answer_now(request: HttpRequest) -> Any:
            page = pages.get(request.path_info)
            return get_response(request) if page is None else async_to_sync(page)(request)

        return answer_now

    return middleware


health_middleware = early({"/healthz": views.healthz, "/readyz": views.readyz})
