from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from find_friend.conf import app_settings
from find_friend.pages.forms import SerializerForm

from ..models import Sex
from ..serializers import (
    ChangeEmailSerializer,
    CurrentPasswordSerializer,
    EmailSerializer,
    LinkSerializer,
    ResetPasswordSerializer,
    SetPasswordSerializer,
)
from .fields import CityField, InterestNamesField, InterestsField, add_interest_choices

PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def password_rules() -> str:
    """What the password validators of the site ask for, as a list."""
    texts = password_validation.password_validators_help_texts()
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((text,) for text in texts))) if texts else ""


def password_field(label: Any, autocomplete: str = "current-password") -> forms.CharField:
    rules: Any = lazy(password_rules, str)() if autocomplete == "new-password" else ""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, widget=widget, help_text=rules)


def email_field(label: Any, autocomplete: str = "email") -> forms.CharField:
    return forms.CharField(label=label, widget=forms.EmailInput(attrs={"autocomplete": autocomplete}))


def name_field(label: Any, autocomplete: str) -> forms.CharField:
    return forms.CharField(label=label, widget=forms.TextInput(attrs={"autocomplete": autocomplete}))


def birthday_field() -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d")
    return forms.DateField(label=_("Birthday"), widget=widget, input_formats=["%Y-%m-%d"])


class SignInForm(SerializerForm):
    role = "login"
    left_out = ("device",)

    email = email_field(_("E-mail"), "username")
    password = password_field(_("Password"))


class SignUpForm(SerializerForm):
    role = "signup"

    first_name = name_field(_("First name"), "given-name")
    last_name = name_field(_("Last name"), "family-name")
    email = email_field(_("E-mail"), "username")
    password = password_field(_("Password"), "new-password")
    birthday = birthday_field()

    def clean(self) -> dict[str, Any]:
        """The serializer looks at the strength of a password once all else is right; a person is told both at once."""
        cleaned = super().clean()
        demand = getattr(self.serializer, "demand_strength", None)
        if demand is not None and self.errors and "password" in cleaned:
            try:
                demand(cleaned)
            except ValidationError as error:
                self.add_api_error(error)
        return cleaned


class CodeForm(SerializerForm):
    """What a mail shows that has no link."""

    serializer_class = LinkSerializer

    uid = forms.CharField(
        label=_("First part of the code"),
        help_text=_("It stands behind “uid:” in the mail."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    token = forms.CharField(
        label=_("Second part of the code"),
        help_text=_("It stands behind “token:” in the mail."),
        widget=forms.TextInput(attrs=PLAIN),
    )


class EmailForm(SerializerForm):
    serializer_class = EmailSerializer

    email = email_field(_("E-mail"))


class ResetPasswordForm(SerializerForm):
    serializer_class = ResetPasswordSerializer
    only = ("new_password",)
    partial = True

    new_password = password_field(_("New password"), "new-password")


class SetPasswordForm(SerializerForm):
    serializer_class = SetPasswordSerializer

    current_password = password_field(_("Present password"))
    new_password = password_field(_("New password"), "new-password")


class ChangeEmailForm(SerializerForm):
    serializer_class = ChangeEmailSerializer

    new_email = email_field(_("New e-mail"))
    current_password = password_field(_("Present password"))


class CurrentPasswordForm(SerializerForm):
    serializer_class = CurrentPasswordSerializer

    current_password = password_field(_("Present password"))


class ProfileForm(SerializerForm):
    """What a person shows; a field that a site's serializer has besides is shown too."""

    role = "me"
    partial = True
    left_out = ("avatar",)
    besides = ("more_interests",)

    first_name = name_field(_("First name"), "given-name")
    last_name = name_field(_("Last name"), "family-name")
    birthday = birthday_field()
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", "—"), *Sex.choices])
    city = CityField(label=_("City"))
    occupation = forms.CharField(label=_("Occupation"))
    purpose = forms.CharField(label=_("Looking for"))
    about = forms.CharField(label=_("About you"), widget=forms.Textarea(attrs={"rows": 5}))
    interests = InterestsField(label=_("Interests"))
    more_interests = InterestNamesField(label=_("More interests"), help_text=_("With commas between them."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**self.serializer.data, **self.initial}
        add_interest_choices(self, "interests", "more_interests")
        if self.initial.get("birthday") and app_settings.MINIMUM_AGE is not None:
            self.fields["birthday"].disabled = True
            self.fields["birthday"].help_text = _("Ask the administrators if it is wrong.")

    def get_data(self) -> dict[str, Any]:
        data = super().get_data()
        chosen = [*data.get("interests", []), *self.cleaned_data.get("more_interests", [])]
        return {**data, "interests": chosen} if "interests" in self.serializer.fields else data


class PictureForm(SerializerForm):
    role = "me"
    partial = True
    only = ("avatar",)

    avatar = forms.FileField(
        label=_("New picture"),
        help_text=_("JPEG, PNG or WebP."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp", "data-ff-crop": ""}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["avatar"].required = True  # there is a button to have none


class PeopleForm(SerializerForm):
    """The filters of people search."""

    role = "people_filter"
    besides = ("more_interests",)

    search = forms.CharField(label=_("Name"), widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}))
    city = CityField(label=_("City"))
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", "—"), *Sex.choices])
    age_min = forms.IntegerField(label=_("Age from"), widget=forms.NumberInput(attrs={"min": 0, "max": 200}))
    age_max = forms.IntegerField(label=_("Age up to"), widget=forms.NumberInput(attrs={"min": 0, "max": 200}))
    interest = InterestsField(label=_("Interests"))
    more_interests = InterestNamesField(label=_("More interests"), help_text=_("With commas between them."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        add_interest_choices(self, "interest", "more_interests")

    def get_data(self) -> dict[str, Any]:
        data = super().get_data()
        chosen = [*data.get("interest", []), *self.cleaned_data.get("more_interests", [])]
        return {**data, "interest": chosen} if chosen else data

    def narrow(self, queryset: Any) -> Any:
        """The people who are asked for; nobody where the question makes no sense."""
        if not self.is_valid():
            return queryset.none()
        return self.serializer.narrow(queryset, self.serializer.validated_data)
