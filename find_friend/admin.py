"""What the admin classes of the three apps share: they stay usable with millions of rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

from . import users


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
    list_per_page = 50
    user_fields: tuple[str, ...] = ()

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        columns = {get_user_model().USERNAME_FIELD, users.email_field() or get_user_model().USERNAME_FIELD}
        by_user = [f"{field}__{column}__istartswith" for field in self.user_fields for column in sorted(columns)]
        return [*super().get_search_fields(request), *by_user]
