"""In which language and time zone a page is shown: what the person chose, else what the browser says."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

PARAMETER = "language"
TIME_ZONE_COOKIE = "find_friend_time_zone"  # written by pages.js
CATALOGUES = Path(__file__).parents[1] / "locale"
SOURCE = "en"  # which needs no catalogue


@dataclass
class Language:
    code: str
    name: str
    url: str
    is_current: bool


def language_of(request: HttpRequest) -> str:
    """What the site's LocaleMiddleware found, or the same without one."""
    return getattr(request, "LANGUAGE_CODE", None) or translation.get_language_from_request(request)


@cache
def spoken() -> frozenset[str]:
    """Languages that the texts of the package are in."""
    return frozenset({SOURCE, *(translation.to_language(folder.name) for folder in CATALOGUES.iterdir())})


def offered() -> dict[str, str]:
    """Names by code: the site's own LANGUAGES; where it has set none, those of Django's that the package speaks."""
    known = dict(settings.LANGUAGES)
    if settings.is_overridden("LANGUAGES"):  # type: ignore[misc]
        return known
    return {code: name for code, name in known.items() if code in spoken()}


def languages(request: HttpRequest) -> list[Language]:
    """What is offered, each with the address of this page in it."""
    current = translation.get_language()
    return [
        Language(code, own_name(code, name), with_language(request, code), code == current)
        for code, name in offered().items()
    ]


def own_name(code: str, name: str) -> str:
    """How a language calls itself; ``name`` for one that Django does not know."""
    try:
        return str(translation.get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return name


def with_language(request: HttpRequest, code: str | None) -> str:
    """The address of this page, with another language to choose or none."""
    query = request.GET.copy()
    query.pop(PARAMETER, None)
    if code is not None:
        query[PARAMETER] = code
    path = escape_leading_slashes(escape_uri_path(request.path))
    return f"{path}?{query.urlencode()}" if query else path


def choose_language(request: HttpRequest) -> HttpResponse | None:
    """The answer to an address with ``?language=``: it is kept in Django's own cookie, and the page comes again."""
    code = request.GET.get(PARAMETER)
    if request.method != "GET" or not code:
        return None
    response = HttpResponseRedirect(with_language(request, None))
    if code in offered():
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            path=settings.LANGUAGE_COOKIE_PATH,
            domain=settings.LANGUAGE_COOKIE_DOMAIN,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE,
        )
    return response


@cache
def known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def time_zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """The browser's zone; None while it has not told, or says something else."""
    name = request.COOKIES.get(TIME_ZONE_COOKIE, "")
    if settings.USE_TZ and name in known_zones():
        return zoneinfo.ZoneInfo(name)
    return None


def shown_zone(request: HttpRequest) -> zoneinfo.ZoneInfo:
    return time_zone_of(request) or timezone.get_current_timezone()  # type: ignore[return-value]
