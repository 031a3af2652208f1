"""Pages for what goes wrong elsewhere on the site: ``handler404 = "find_friend.pages.errors.page_not_found"``.

Each is one of Django's handlers and has the look of the other pages. Where even that fails, as with a host name that
the site does not know, it is Django's own.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.translation import gettext_lazy as _
from django.views import View, defaults
from rest_framework import exceptions

from find_friend.logs import fields, without_text
from find_friend.views import make_readable

from .locales import choose_language
from .views import PageMixin

__all__ = ["bad_request", "page_not_found", "permission_denied", "server_error"]

logger = logging.getLogger("find_friend")


class OurFault(exceptions.APIException):
    default_detail = _("Something went wrong on our side. Try again in a while.")


class ErrorView(PageMixin, View):
    """One error, whatever the request. ``bare``: without what needs the database."""

    error: Any = exceptions.NotFound
    bare = False

    def answer(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            make_readable(request)
        except SuspiciousOperation:
            request.GET = QueryDict()
        return choose_language(request) or self.refuse(self.error(), bare=self.bare)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return page_of(request, exceptions.NotFound) or defaults.page_not_found(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return page_of(request, exceptions.PermissionDenied) or defaults.permission_denied(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return page_of(request, exceptions.ParseError, bare=True) or defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    return page_of(request, OurFault, bare=True) or defaults.server_error(request)


def page_of(request: HttpRequest, error: type[exceptions.APIException], *, bare: bool = False) -> Any:
    """The page; None where it cannot be made."""
    try:
        return ErrorView.as_view(error=error, bare=bare)(request)
    except Exception:
        logger.exception(
            "The page of an error could not be made.", exc_info=without_text(), extra=fields("error_page_failed")
        )
        return None
