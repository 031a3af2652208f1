"""What the admin classes of the three apps share: they stay usable with millions of rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from . import users


def person(user: Any) -> str:
    """How administrators know a user: by name and user name. Nobody else may see the second."""
    name = users.full_name(user)
    return f"{name} ({user.get_username()})" if name else str(user.get_username())


class BoundedPaginator(Paginator):
    """Counts at most so many rows, never the whole table."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.order_by().values_list("pk")[: self.most])


class LargeTableAdmin(admin.ModelAdmin):
    """No count of everything and no drop-down of everybody; users are found by user name or address."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # numbers beside the filters would count the table
    list_per_page = 50
    search_help_text = _("Beginning of a user name or e-mail address")
    user_fields: tuple[str, ...] = ()

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        columns = {get_user_model().USERNAME_FIELD, users.email_field() or get_user_model().USERNAME_FIELD}
        by_user = [f"{field}__{column}__istartswith" for field in self.user_fields for column in sorted(columns)]
        return [*super().get_search_fields(request), *by_user]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Django's own title puts the name into a sentence, which languages with cases cannot do.
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            prefetch_related_objects([found], *self.user_fields)  # whose names are part of the title
        return found

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if context["original"] is not None:
            context["title"] = capfirst(self.opts.verbose_name)
            self.name_people(context, context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def render_delete_form(self, request: HttpRequest, context: Any) -> HttpResponse:
        self.name_people(context, context["object"])
        return super().render_delete_form(request, context)

    def name_people(self, context: dict[str, Any], row: Any) -> None:
        """Put the user names of the row's people into the subtitle: not every user model has names for people."""
        found = [getattr(row, field, None) for field in self.user_fields]
        names = [user.get_username() for user in found if user is not None]
        if names:
            context["subtitle"] = f"{row} ({' – '.join(names)})"
