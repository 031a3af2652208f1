from __future__ import annotations

from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from find_friend.pages.forms import SerializerForm


class EditForm(SerializerForm):
    """The text of a message, checked as the API checks it."""

    role = "message"
    left_out: tuple[str, ...] = ("client_id",)

    text = forms.CharField(
        label=_("Message"), strip=False, widget=forms.Textarea(attrs={"autocomplete": "off", "dir": "auto"})
    )

    def clean_text(self) -> str:
        """Forms end lines with two characters, where everything else has one."""
        return self.cleaned_data["text"].replace("\r\n", "\n")


class MessageForm(EditForm):
    """A message to send; ``client_id`` has a form that is sent twice store one."""

    left_out = ()

    text = forms.CharField(
        label=_("Message"),
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 1, "autocomplete": "off", "dir": "auto", "placeholder": _("Write a message")}
        ),
    )
    client_id = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    def clean_client_id(self) -> UUID | None:
        try:
            return UUID(self.cleaned_data["client_id"])
        except ValueError:
            return None


class PrivacyForm(SerializerForm):
    role = "chat_privacy"

    read_receipts = forms.BooleanField(
        label=_("Read receipts"), help_text=_("The others see how far you have read, and you see how far they have.")
    )
    typing = forms.BooleanField(
        label=_("Typing"), help_text=_("The others see when you are writing, and you see when they are.")
    )
    presence = forms.BooleanField(
        label=_("Presence"), help_text=_("The others see that you have the chat open, and you see the same of them.")
    )
