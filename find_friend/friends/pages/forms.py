from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings
from find_friend.pages.forms import SerializerForm


class AskForm(SerializerForm):
    """What is said with a request. Whom it goes to stands in the address of the page, not in the form."""

    role = "friend_request_create"
    left_out = ("to_user",)

    message = forms.CharField(
        label=_("Message"), required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text=_("Say who you are.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["message"].widget.attrs["maxlength"] = app_settings.FRIEND_REQUEST_MESSAGE_MAX_LENGTH

    def get_data(self) -> dict[str, Any]:
        return {**super().get_data(), "to_user": self.context["view"].kwargs["pk"]}
