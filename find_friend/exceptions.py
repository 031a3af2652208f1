"""Errors of the package. Each has a stable ``code`` for clients and a translated text for people.

They are DRF exceptions, so any DRF view answers with the right status; code outside of HTTP catches the family.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException


class FindFriendError(APIException):
    """Base of every error of this package."""

    @property
    def code(self) -> str:
        return str(self.get_codes())


class Invalid(FindFriendError):
    """400: what was asked makes no sense, whoever asks."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = _("This request makes no sense.")
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
    default_detail = _("This is not possible in the present state.")
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
