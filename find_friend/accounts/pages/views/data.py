from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from find_friend.pages.views import FormPage, Page, PageMixin
from find_friend.personal_data import collect

from ... import passwords, registration
from ...views.base import end_session
from ..forms import CurrentPasswordForm
from ..parts import PAGES
from .base import forget_told


class DataView(Page):
    """What is kept about oneself, and how to end that."""

    title = _("Your data")
    template_name = "find_friend/accounts/data.html"


class ExportView(PageMixin, View):
    """Everything that the apps keep about the person who asks, as a file."""

    throttle_scopes = {"*": ("change",)}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        options = {"ensure_ascii": False, "indent": 1}
        response = JsonResponse(collect(request.user), json_dumps_params=options)
        response["Content-Disposition"] = 'attachment; filename="my-data.json"'
        return response


class DeleteView(FormPage):
    """The account is gone, with everything that hangs on it."""

    title = _("Delete the account")
    submit_label = _("Delete my account")
    template_name = "find_friend/accounts/delete.html"
    form_class = CurrentPasswordForm
    throttle_scopes = {"POST": ("password",)}
    success_url = reverse_lazy(f"{PAGES}:sign-in")

    def perform(self, form: Any) -> None:
        passwords.demand(self.request.user, form.serializer.validated_data["current_password"])
        registration.unregister(self.request.user)
        forget_told(self.request)
        end_session(self.api_request)
        messages.success(self.request, _("Your account is deleted."), fail_silently=True)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        more = {"submit_style": "danger", "cancel_url": reverse_lazy(f"{PAGES}:data")}
        return super().get_context_data(**more, **kwargs)
