"""Errors of the package. Each has a stable ``code`` for clients and a translated text for people.

They are DRF exceptions, so any DRF view answers with the right status; code outside of HTTP catches the family.
"""

from __future__ import annotations

import math

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, Throttled


class FindFriendError(APIException):
    """Base of every error of this package."""

    @property
    def code(self) -> str:
        return str(self.get_codes())


class Invalid(FindFriendError):
    """400: what was asked makes no sense, whoever asks."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = _("This request is not valid. Check what you have sent.")
    default_code = "invalid"


class NotAllowed(FindFriendError):
    """403: the asker can see the object and may not do this to it."""

    status_code = status.HTTP_403_FORBIDDEN
    default_detail = _("You do not have permission to perform this action.")
    default_code = "permission_denied"


class NotThere(FindFriendError):
    """404: there is no such object, as far as the asker may know."""

    status_code = status.HTTP_404_NOT_FOUND
    default_detail = _("Not found.")
    default_code = "not_found"


class UserNotThere(NotThere):
    default_detail = _("There is no such user.")
    default_code = "user_not_found"


class Conflict(FindFriendError):
    """409: the state of the object forbids it."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = _("This is not possible now. Load the current state and try again.")
    default_code = "conflict"


class EmailNotVerified(NotAllowed):
    default_detail = _("Confirm your e-mail address first.")
    default_code = "email_not_verified"


class Busy(FindFriendError):
    """429: the server is too busy for this; the same call may go through a moment later."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = _("The server is busy. Try again in a moment.")
    default_code = "busy"
    wait = 1


class TooOften(Throttled):
    """429: more calls than the site's rates allow. ``wait`` is whole seconds, None where nobody knows how many."""

    def __init__(self, wait: float | None) -> None:
        seconds = None if wait is None else math.ceil(wait)
        super().__init__(detail=_too_often(seconds))
        self.wait = seconds


def _too_often(seconds: int | None) -> str:
    if seconds is None:
        return gettext("Too many requests. Try again later.")
    text = ngettext(
        "Too many requests. Try again in %(wait)d second.", "Too many requests. Try again in %(wait)d seconds.", seconds
    )
    return text % {"wait": seconds}


class Unavailable(FindFriendError):
    """503: the database does not answer; the same call may go through once it does."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = _("The service is not available at the moment. Try again a little later.")
    default_code = "unavailable"
    wait = 5
