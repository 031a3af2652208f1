from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from find_friend.exceptions import Conflict, Invalid, NotThere


class InvalidCredentials(Invalid):
    """The same answer for an unknown address and for a wrong password."""

    default_detail = _("Wrong e-mail address or password.")
    default_code = "invalid_credentials"


class InvalidLink(Invalid):
    default_detail = _("This link does not work or has expired. Ask for a new one.")
    default_code = "invalid_link"


class AvatarsUnavailable(Invalid):
    default_detail = _("This site does not accept pictures.")
    default_code = "avatars_unavailable"


class BirthdayFixed(Conflict):
    default_detail = _("Your birthday is set already. Ask the administrators to correct it.")
    default_code = "birthday_fixed"


class EmailTaken(Conflict):
    default_detail = _("This address is taken.")
    default_code = "email_taken"


class AccountInUse(Conflict):
    default_detail = _("This account cannot be deleted: something on this site needs it. Ask the administrators.")
    default_code = "account_in_use"


class BrowserNotThere(NotThere):
    default_detail = _("There is no such browser.")
    default_code = "browser_not_found"


class TokenNotThere(NotThere):
    default_detail = _("There is no such token.")
    default_code = "token_not_found"
