from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings
from find_friend.pages.links import Link, address, links
from find_friend.pages.parts import PageParts

from ..models import BrowserSession

PAGES = "find_friend_accounts_pages"
LAST = 100


class AccountsParts(PageParts):
    def seen(self, request: HttpRequest) -> None:
        BrowserSession.objects.touch(request)

    def navigation(self, request: HttpRequest) -> list[Link]:
        return links((_("People"), f"{PAGES}:people")) if request.user.is_authenticated else []

    def guest_links(self, request: HttpRequest) -> list[Link]:
        found = links((_("Sign in"), f"{PAGES}:sign-in"), (_("Sign up"), f"{PAGES}:sign-up"))
        if found:
            found[-1].style = "primary"
        return found

    def account_links(self, request: HttpRequest) -> list[Link]:
        first = links(
            (_("Profile"), f"{PAGES}:profile"),
            (_("Picture"), f"{PAGES}:picture"),
            (_("E-mail"), f"{PAGES}:email"),
            (_("Password"), f"{PAGES}:password"),
            (_("Devices"), f"{PAGES}:devices"),
        )
        last = links((_("Your data"), f"{PAGES}:data"), (_("Sign out"), f"{PAGES}:sign-out"))
        for link in last:
            link.order = LAST
        if last:
            last[-1].method = "post"
        return first + last

    def error_links(self, request: HttpRequest, code: str) -> list[Link]:
        resend = address(f"{PAGES}:resend-verification")
        if code != "email_not_verified" or resend is None or app_settings.EMAIL_VERIFICATION == "off":
            return []
        return [Link(_("Send the mail again"), resend, method="post", style="primary")]
