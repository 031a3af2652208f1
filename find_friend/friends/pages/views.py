"""Pages of friends: what they ask for and what they do is what the views of the API do, through the same methods."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from find_friend.exceptions import UserNotThere
from find_friend.friends.exceptions import AlreadyFriends, SelfBlock, SelfRequest
from find_friend.friends.models import (
    Block,
    FriendRequest,
    Friendship,
    ensure_block_allowed,
    ensure_request_allowed,
)
from find_friend.pages.links import Link, address, links
from find_friend.pages.parts import collected
from find_friend.pages.people import cards_with_pages, name_of
from find_friend.pages.views import ActionPage, ConfirmPage, FormPage, ListPage
from find_friend.policies import policy
from find_friend.users import find_user

from .forms import AskForm
from .parts import PAGES, action, waiting

PEOPLE = "find_friend_accounts_pages:people"


# lists


class PeoplePage(ListPage):
    """People who are all the same to the one who asks: ``relationship`` says what."""

    relationship = ""

    def get_actions(self, row: Any, card: dict[str, Any]) -> list[Link]:
        # What else can be done stands on the person's own page; where the site has none it has to stand here.
        question = "card_actions" if card["page"] else "person_actions"
        return collected(question, self.request, {**card, "relationship": self.relationship, "listed": True})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tabs=self.get_tabs(), people_url=address(PEOPLE), **kwargs)

    def get_tabs(self) -> list[Link]:
        found = links(
            (_("Friends"), f"{PAGES}:friends"),
            (_("Requests"), f"{PAGES}:requests"),
            (pgettext_lazy("friend requests", "Sent"), f"{PAGES}:sent-requests"),
        )
        found[1].count = waiting(self.request)
        return found


class FriendsView(PeoplePage):
    template_name = "find_friend/friends/friends.html"
    title = _("Friends")
    relationship = "friends"

    def get_queryset(self) -> Any:
        return Friendship.objects.visible_to(self.request.user)  # type: ignore[arg-type]

    def get_other(self, row: Friendship) -> Any:
        return row.friend_id

    def get_actions(self, row: Friendship, card: dict[str, Any]) -> list[Link]:
        found = super().get_actions(row, card)
        unfriend = action(self.request, card, _("Unfriend"), "unfriend", style="quiet")
        return found + unfriend if card["page"] else found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(waiting=waiting(self.request), **kwargs)


class IncomingRequestsView(PeoplePage):
    template_name = "find_friend/friends/requests.html"
    title = _("Friend requests")
    takes_part = True
    relationship = "request_received"

    def get_queryset(self) -> Any:
        return FriendRequest.objects.incoming(self.request.user).pending()  # type: ignore[arg-type]

    def get_other(self, row: FriendRequest) -> Any:
        return row.from_user_id


class SentRequestsView(PeoplePage):
    template_name = "find_friend/friends/sent_requests.html"
    title = _("Sent requests")
    takes_part = True
    relationship = "request_sent"

    def get_queryset(self) -> Any:
        return FriendRequest.objects.outgoing(self.request.user).pending()  # type: ignore[arg-type]

    def get_other(self, row: FriendRequest) -> Any:
        return row.to_user_id


class BlocksView(PeoplePage):
    template_name = "find_friend/friends/blocks.html"
    title = _("Blocked people")
    relationship = "blocked"

    def get_queryset(self) -> Any:
        return Block.objects.of(self.request.user)  # type: ignore[arg-type]

    def get_other(self, row: Block) -> Any:
        return row.blocked_id

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # Their pages are hidden, too.
        return {**context, "items": [(row, {**card, "page": None}) for row, card in context["items"]]}

    def keep_visible(self, rows: list[Any]) -> list[Any]:
        """One's own blocks are shown, though the people are not visible elsewhere."""
        return rows


# what one does with a person


class PersonMixin:
    """About the person whose key stands in the address: ``other``, whom the one who asks may know of, and the card."""

    request: Any
    kwargs: dict[str, Any]

    @cached_property
    def other(self) -> Any:
        """Raises UserNotThere."""
        found = find_user(self.kwargs["pk"])
        if found is None or not policy().may_know_of(self.request.user, found):
            raise UserNotThere
        return found

    @cached_property
    def card(self) -> dict[str, Any]:
        context = self.get_serializer_context()  # type: ignore[attr-defined]
        return cards_with_pages([self.other.pk], context)[self.other.pk]

    @property
    def name(self) -> str:
        return name_of(self.card)

    def person_url(self) -> str:
        """That person's page, or one's friends where the site has no pages of people."""
        return self.card["page"] or str(address(f"{PAGES}:friends"))

    def link(self, label: Any, name: str) -> Link:
        """A page about the same person."""
        return Link(label, str(address(f"{PAGES}:{name}", self.other.pk)))


class AskView(PersonMixin, FormPage):
    template_name = "find_friend/friends/ask.html"
    form_class = AskForm
    takes_part = True
    throttle_scopes = {"POST": ("friend_request",)}
    submit_label = _("Send request")

    def get_title(self) -> Any:
        return _("Ask to be friends: %(name)s") % {"name": self.name}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.other.pk == self.request.user.pk:
            raise SelfRequest
        ensure_request_allowed(self.request.user, self.other)
        if Friendship.objects.between(self.request.user, self.other).exists():
            raise AlreadyFriends
        return super().get_context_data(card=self.card, cancel_url=self.get_success_url(), **kwargs)

    def get_success_url(self) -> str:
        return self.next_url(self.person_url())

    def perform(self, form: AskForm) -> None:
        data = form.serializer.validated_data
        sent = FriendRequest.objects.send(by=self.request.user, to=data["to_user"], message=data["message"])
        if sent.is_accepted:
            self.tell(_("You and %(name)s are friends now.") % {"name": self.name})
        else:
            self.tell(_("Your request has been sent: %(name)s.") % {"name": self.name})


class RequestButton(PersonMixin, ActionPage):
    """Changes the newest request between the two that goes in one direction."""

    takes_part = True
    throttle_scopes = {"POST": ("change",)}

    def get_request(self) -> FriendRequest:
        """Http404 where there is none, as far as one may know."""
        sender, recipient = self.get_direction()
        requests = FriendRequest.objects.visible_to(self.request.user).select_related("from_user", "to_user")
        found = requests.filter(from_user=sender, to_user=recipient).order_by("pk").last()
        if found is None or not policy().may_see(self.request.user, self.other):
            raise Http404
        return found

    def get_direction(self) -> tuple[Any, Any]:
        """Who asked whom."""
        return self.other, self.request.user

    def get_success_url(self) -> str:
        return self.next_url(str(address(f"{PAGES}:requests")))


class AcceptView(RequestButton):
    def perform(self) -> None:
        self.get_request().accept(by=self.request.user)
        self.tell(_("You and %(name)s are friends now.") % {"name": self.name})


class DeclineView(RequestButton):
    def perform(self) -> None:
        self.get_request().decline(by=self.request.user)
        changed_mind = self.link(_("Ask to be friends after all"), "ask")
        self.tell(_("You have declined the request: %(name)s.") % {"name": self.name}, changed_mind)


class WithdrawView(RequestButton):
    def perform(self) -> None:
        self.get_request().withdraw(by=self.request.user)
        self.tell(
            _("Your request has been withdrawn: %(name)s.") % {"name": self.name},
            self.link(_("Ask to be friends again"), "ask"),
        )

    def get_direction(self) -> tuple[Any, Any]:
        return self.request.user, self.other

    def get_success_url(self) -> str:
        return self.next_url(str(address(f"{PAGES}:sent-requests")))


class UnfriendView(PersonMixin, ConfirmPage):
    throttle_scopes = {"POST": ("change",)}
    submit_label = _("Unfriend")
    explanation = _(
        "The friendship ends for both of you. To be friends again, one of you has to ask and the other to accept."
    )

    def get_question(self) -> Any:
        return _("Unfriend %(name)s?") % {"name": self.name}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not Friendship.objects.between(self.request.user, self.other).exists():
            raise UserNotThere
        return super().get_context_data(**kwargs)

    def get_success_url(self) -> str:
        return self.next_url(self.person_url())

    get_cancel_url = get_success_url

    def perform(self, form: Any) -> None:
        if not Friendship.objects.unfriend(by=self.request.user, friend=self.other):
            raise UserNotThere
        ask_again = self.link(_("Ask to be friends again"), "ask")
        self.tell(_("You are no longer friends: %(name)s.") % {"name": self.name}, ask_again)


class BlockView(PersonMixin, ConfirmPage):
    throttle_scopes = {"POST": ("change",)}
    submit_label = _("Block")
    explanation = _(
        "You will not see each other any more. A friendship and open requests end. You can lift the block at any time, "
        "but the friendship does not come back with that."
    )

    def get_question(self) -> Any:
        return _("Block %(name)s?") % {"name": self.name}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.other.pk == self.request.user.pk:
            raise SelfBlock
        ensure_block_allowed(self.request.user, self.other)
        return super().get_context_data(**kwargs)

    def get_cancel_url(self) -> str:
        return self.next_url(self.person_url())

    def get_success_url(self) -> str:
        return str(address(f"{PAGES}:blocks"))  # where one came from may be a page that is hidden now

    def perform(self, form: Any) -> None:
        Block.objects.block(by=self.request.user, user=self.other)
        self.tell(_("You have blocked %(name)s.") % {"name": self.name})


class UnblockView(PersonMixin, ActionPage):
    throttle_scopes = {"POST": ("change",)}

    @cached_property
    def other(self) -> Any:
        """One who has been deactivated too."""
        found = find_user(self.kwargs["pk"], among=get_user_model()._default_manager.all())
        if found is None:
            raise UserNotThere
        return found

    def get_success_url(self) -> str:
        return self.next_url(str(address(f"{PAGES}:blocks")))

    def perform(self) -> None:
        if not Block.objects.lift(by=self.request.user, user=self.other):
            raise UserNotThere
        self.tell(_("No longer blocked: %(name)s.") % {"name": self.name}, self.link(_("Block again"), "block"))
