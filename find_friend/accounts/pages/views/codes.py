from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from find_friend.pages.views import FormPage

from ...exceptions import InvalidLink
from ..forms import CodeForm


class CodeView(FormPage):
    """Leads to the page of a link whose mail shows a code instead of an address; ``target`` is that page's name."""

    guest = True
    title = _("Enter the code")
    submit_label = _("Go on")
    template_name = "find_friend/form.html"
    form_class = CodeForm
    throttle_scopes = {"POST": ("confirm",)}
    target = ""

    def perform(self, form: Any) -> None:
        given = form.serializer.validated_data
        try:
            self.success_url = reverse(self.target, args=[given["uid"], given["token"]])
        except NoReverseMatch:  # a slash is in it
            raise InvalidLink from None
