from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from find_friend.pages.parts import collected
from find_friend.pages.people import cards_with_pages, name_of
from find_friend.pages.views import ListPage, Page
from find_friend.policies import find_visible, others_visible_to

from ..forms import PeopleForm
from ..parts import PAGES


class PeopleView(ListPage):
    """People search."""

    title = _("People")
    template_name = "find_friend/accounts/people.html"
    takes_part = True
    throttle_scopes = {"*": ("search",)}

    @cached_property
    def form(self) -> PeopleForm:
        return PeopleForm(self.request.GET or QueryDict(), context=self.get_serializer_context())

    def get_queryset(self) -> Any:
        return self.form.narrow(others_visible_to(self.request.user))  # type: ignore[arg-type]

    def get_other(self, row: Any) -> Any:
        return row.pk

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = {name for name, value in self.request.GET.items() if value and name in self.form.fields}
        return super().get_context_data(form=self.form, asked=asked, narrowed=asked - {"search"}, **kwargs)


class PersonView(Page):
    """A user card, and what one can do with that person."""

    template_name = "find_friend/accounts/person.html"
    takes_part = True
    throttle_scopes = {"*": ("read",)}

    @cached_property
    def card(self) -> dict[str, Any]:
        """Raises UserNotThere for somebody whom the viewer may not see, too."""
        user = find_visible(self.kwargs["pk"], self.request.user)  # type: ignore[arg-type]
        return cards_with_pages([user.pk], self.get_serializer_context())[user.pk]

    def get_title(self) -> Any:
        return name_of(self.card)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """``actions`` stand below the name; ``last_actions``, those that part people, at the end of the page."""
        found = [] if self.card["id"] == self.request.user.pk else self.get_actions()
        parted: dict[bool, list[Any]] = {False: [], True: []}
        for link in found:
            parted[link.style in ("quiet", "danger")].append(link)
        more = {"actions": parted[False], "last_actions": parted[True], "back_url": self.get_back_url()}
        return super().get_context_data(card=self.card, **more, **kwargs)

    def get_back_url(self) -> str:
        """People search, with the filters of the page that one has come from."""
        url = reverse(f"{PAGES}:people")
        came_from = self.request.headers.get("Referer", "")
        start = self.request.build_absolute_uri(url)
        return url + came_from.removeprefix(start) if came_from.startswith(f"{start}?") else url

    def get_actions(self) -> list[Any]:
        return collected("person_actions", self.request, self.card)
