from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from find_friend.pages.links import Link, address, links
from find_friend.pages.parts import PageParts, once
from find_friend.policies import policy
from find_friend.users import find_user

from ..exceptions import ChatNotThere, MessageNotThere, NotMember
from ..models import Membership

PAGES = "find_friend_chat_pages"
MISSED = (ChatNotThere.default_code, NotMember.default_code, MessageNotThere.default_code)


class ChatParts(PageParts):
    def navigation(self, request: HttpRequest) -> list[Link]:
        """The chats, with the number of those that have something unread."""
        found = links((_("Chats"), f"{PAGES}:chats")) if request.user.is_authenticated else []
        for link in found:
            link.count = once(request, count_unread)
        return found

    def account_links(self, request: HttpRequest) -> list[Link]:
        return links((_("Privacy in chats"), f"{PAGES}:privacy"))

    def person_actions(self, request: HttpRequest, card: dict[str, Any]) -> list[Link]:
        url = address(f"{PAGES}:start", card["id"])
        if url is None or not may_write(request.user, card):
            return []
        return [Link(_("Write"), url, method="post", style="primary", order=-1)]

    def card_actions(self, request: HttpRequest, card: dict[str, Any]) -> list[Link]:
        """The same for friends in a list, where the card has to be enough."""
        return self.person_actions(request, card) if card.get("relationship") == "friends" else []

    def news(self, request: HttpRequest) -> list[Link]:
        """How many chats wait, on the start page."""
        count = once(request, count_unread)
        words = ngettext("Unread messages in %(count)d chat", "Unread messages in %(count)d chats", count)
        return links((words % {"count": count}, f"{PAGES}:chats")) if count else []

    def error_links(self, request: HttpRequest, code: str) -> list[Link]:
        return links((_("All chats"), f"{PAGES}:chats")) if code in MISSED else []


def count_unread(user: Any) -> int:
    return Membership.objects.unread_of(user).count()


def may_write(user: Any, card: dict[str, Any]) -> bool:
    """Whether it is worth showing a button; what it does asks the policy once more."""
    if card.get("relationship") in ("self", "blocked"):
        return False
    if card.get("relationship") == "friends" or card.get("listed"):  # one of many: nothing is asked for each
        return card["relationship"] == "friends"
    other = find_user(card["id"])
    return other is not None and policy().may_message(user, other)
