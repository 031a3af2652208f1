"""What friends adds to the pages of others: the card says what two people are to each other, so no query is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from find_friend.conf import app_settings
from find_friend.friends.models import FriendRequest, Friendship
from find_friend.pages.links import Link, address, links
from find_friend.pages.parts import PageParts, once
from find_friend.pages.people import name_of
from find_friend.policies import answers_in_bulk, policy, visible_keys

PAGES = "find_friend_friends_pages"
NEWS_AGE = timedelta(days=7)


class FriendsParts(PageParts):
    def navigation(self, request: HttpRequest) -> list[Link]:
        found = links((_("Friends"), f"{PAGES}:friends")) if request.user.is_authenticated else []
        for link in found:
            link.count = waiting(request)
        return found

    def account_links(self, request: HttpRequest) -> list[Link]:
        return links((_("Blocked people"), f"{PAGES}:blocks"))

    def person_actions(self, request: HttpRequest, card: dict[str, Any]) -> list[Link]:
        found = self.card_actions(request, card)
        if card["relationship"] == "none":
            for link in found:
                link.style = "primary"
        if card["relationship"] == "friends":
            found += action(request, card, _("Unfriend"), "unfriend", style="quiet")
        if card["relationship"] not in ("self", "blocked"):
            found += action(request, card, _("Block"), "block", style="quiet")
        return found

    def card_actions(self, request: HttpRequest, card: dict[str, Any]) -> list[Link]:
        kind = card["relationship"]
        if kind == "none":
            return action(request, card, _("Ask to be friends"), "ask")
        if kind == "request_sent":
            return action(request, card, _("Withdraw request"), "withdraw", method="post")
        if kind == "request_received":
            accept = action(request, card, _("Accept"), "accept", method="post", style="primary")
            return accept + action(request, card, _("Decline"), "decline", method="post")
        if kind == "blocked":
            return action(request, card, _("Unblock"), "unblock", method="post")
        return []

    def news(self, request: HttpRequest) -> list[Link]:
        asking, new = waiting(request), count_new(request.user)
        asked = ngettext(
            "%(count)d person wants to be friends with you", "%(count)d people want to be friends with you", asking
        )
        befriended = ngettext("%(count)d new friend this week", "%(count)d new friends this week", new)
        return [
            *(links((asked % {"count": asking}, f"{PAGES}:requests")) if asking else []),
            *(links((befriended % {"count": new}, f"{PAGES}:friends")) if new else []),
        ]


def action(request: HttpRequest, card: dict[str, Any], label: Any, name: str, **more: Any) -> list[Link]:
    """A link or button about the person of the card that leads back to where it was pressed; none without its page."""
    url = address(f"{PAGES}:{name}", card["id"])
    if url is None:
        return []
    back = urlencode({"next": request.get_full_path()})
    return [Link(label, f"{url}?{back}", about=name_of(card), **more)]


def waiting(request: HttpRequest) -> int:
    """How many people wait for this one's answer."""
    return once(request, count_waiting)


def count_waiting(user: Any) -> int:
    """As many as the list of requests shows. A policy that answers one by one is asked for one page of them at most."""
    if not policy().may_take_part(user):
        return 0
    asking = FriendRequest.objects.incoming(user).pending()
    if answers_in_bulk(policy(), "visible_users", "may_see", "may_know_of"):
        return asking.count()
    keys = asking.order_by("-pk").values_list("from_user_id", flat=True)
    return len(visible_keys(user, set(keys[: app_settings.PAGE_SIZE])))


def count_new(user: Any) -> int:
    return Friendship.objects.visible_to(user).filter(created__gt=timezone.now() - NEWS_AGE).count()
