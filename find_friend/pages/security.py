"""Headers and the check against forged forms: the pages have them whatever middleware the site has."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _

from find_friend.exceptions import NotAllowed

HEADERS = {
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class FormTooOld(NotAllowed):
    default_detail = _("This form was open for too long, or cookies are switched off. Load the page again.")
    default_code = "form_too_old"


class CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        raise FormTooOld


def check_csrf(request: HttpRequest) -> None:
    """Raise FormTooOld for a form that did not come from a page of ours."""
    check = CsrfCheck(HttpResponse)
    check.process_request(request)
    check.process_view(request, HttpResponse, (), {})


def keep_csrf_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    CsrfCheck(HttpResponse).process_response(request, response)


def origin_of(address: str | None) -> list[str]:
    """``["https://static.example.com"]`` for an address there; nothing for a path of the site itself."""
    parts = urlsplit(address or "")
    return [f"{parts.scheme or 'https'}://{parts.netloc}"] if parts.netloc else []


def content_security_policy() -> dict[str, list[str]]:
    """Directives by name: scripts and styles come from files of the site alone, wherever it serves them from."""
    static, media = origin_of(settings.STATIC_URL), origin_of(settings.MEDIA_URL)
    return {
        "default-src": ["'none'"],
        "script-src": ["'self'", *static],
        "style-src": ["'self'", *static],
        "font-src": ["'self'", *static],
        # blob: a picture that has been chosen and is not sent yet
        "img-src": ["'self'", "blob:", *dict.fromkeys([*static, *media])],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }


def secure(response: HttpResponseBase, policy: dict[str, list[str]]) -> None:
    """Set the headers that are not set yet."""
    directives = "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items() if sources)
    for name, value in {**HEADERS, "Content-Security-Policy": directives}.items():
        response.headers.setdefault(name, value)
    if not response.has_header("Cache-Control"):
        add_never_cache_headers(response)
