from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _
from rest_framework.pagination import CursorPagination

from .conf import app_settings
from .exceptions import NotThere

__all__ = ["CursorPage"]


class CursorPage(CursorPagination):
    """Pages ``{"next", "previous", "results"}``, newest first, with a bounded ``limit``."""

    page_size_query_param = "limit"
    ordering: Any = "-pk"
    invalid_cursor_message: Any = _("This cursor is not valid. Begin with the first page.")

    def get_page_size(self, request: Any) -> int:
        self.page_size = app_settings.PAGE_SIZE
        self.max_page_size = app_settings.PAGE_MAX_SIZE
        return super().get_page_size(request) or self.page_size

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> Any:
        self.ordering = getattr(view, "ordering", self.ordering)
        return super().get_ordering(request, queryset, view)

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        self.offset_cutoff = getattr(view, "offset_cutoff", self.offset_cutoff)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, TypeError, OverflowError, ValidationError, DatabaseError) as error:
            if "cursor" not in request.query_params:
                raise
            # A cursor made by hand: its position is no value of the column.
            raise NotThere(self.invalid_cursor_message) from error
