from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import SetPasswordMixin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from find_friend import users
from find_friend.account_admin import AccountAdminMixin
from find_friend.admin import LargeTableAdmin

from .models import AuthToken, City, EmailAddress, Interest, Profile
from .signals import profile_changed

__all__ = ["EmailUserAdmin"]


class EmailUserCreationForm(SetPasswordMixin, forms.ModelForm):
    """Makes a user from an address and a password typed twice."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    def clean(self) -> dict[str, Any] | None:
        self.validate_passwords()
        return super().clean()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.validate_password_for_user(self.instance)

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit=False)
        return self.set_password_and_save(user, commit=commit)


class EmailUserAdmin(AccountAdminMixin, LargeTableAdmin, UserAdmin):
    """For a user model made from ``AbstractEmailUser``: no user name, and a million users are no trouble.

    Register it for the model, or a subclass of it. Users are blocked, unblocked and signed out here.
    """

    add_form = EmailUserCreationForm
    ordering = ("-pk",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email__istartswith", "first_name__istartswith", "last_name__istartswith")
    search_help_text = _("Beginning of the e-mail address or of a name")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "first_name", "last_name", "password1", "password2")}),)


class FoldedSearch(admin.ModelAdmin):
    """Search by the beginning of the name, in any alphabet."""

    search_fields = ("search_key",)
    search_help_text = _("Beginning of the name")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        return queryset.search(search_term), False


@admin.register(Interest)
class InterestAdmin(FoldedSearch, LargeTableAdmin):
    list_display = ("name",)


@admin.register(City)
class CityAdmin(FoldedSearch, LargeTableAdmin):
    list_display = ("name", "region", "country", "population")
    ordering = ("search_key", "pk")


@admin.register(Profile)
class ProfileAdmin(AccountAdminMixin, LargeTableAdmin):
    """What people show. Where the site's admin of its users has no way to block them and sign them out, this has."""

    account_field = "user"
    list_display = ("user", "birthday", "city", "sex")
    list_select_related = ("user", "city")
    raw_id_fields = ("user",)
    autocomplete_fields = ("city", "interests")
    readonly_fields = ("avatar",)
    user_fields = ("user",)
    actions = ("remove_avatar",)

    def get_list_display(self, request: HttpRequest) -> Any:
        found = super().get_list_display(request)
        return (*found, "is_active") if users.has_field("is_active") else found

    def get_list_filter(self, request: HttpRequest) -> Any:
        found = super().get_list_filter(request)
        return (*found, "user__is_active") if users.has_field("is_active") else found

    @admin.display(description=_("active"), boolean=True, ordering="user__is_active")
    def is_active(self, profile: Profile) -> bool:
        return bool(profile.user.is_active)

    def has_account_permission(self, request: HttpRequest, user: Any = None) -> bool:
        model = get_user_model()
        if self.admin_site.is_registered(model):
            desk = self.admin_site.get_model_admin(model)
            if isinstance(desk, AccountAdminMixin):
                return False
        return super().has_account_permission(request, user)

    @admin.action(description=_("Remove the pictures of selected users"), permissions=["change"])
    def remove_avatar(self, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
        for profile in queryset.exclude(avatar="").select_related("user"):
            Profile.objects.change(profile.user, avatar=None)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            profile_changed.send_on_commit(Profile, user=form.instance.user, changed=sorted(form.changed_data))


class ReadOnlyAdmin(LargeTableAdmin):
    """Rows that only the program writes; they can be looked at and deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    list_display = ("email", "user", "verified_at")
    list_select_related = ("user",)
    fields = ("email", "user", "verified_at", "created", "modified")
    search_fields = ("email__istartswith",)
    user_fields = ("user",)


@admin.register(AuthToken)
class AuthTokenAdmin(ReadOnlyAdmin):
    """Who is signed in where. Deleting a row signs the device out; the key itself is nowhere to be seen."""

    list_display = ("user", "device", "created", "last_used_at", "expires_at")
    list_select_related = ("user",)
    fields = ("user", "device", "created", "last_used_at", "expires_at")
    user_fields = ("user",)
    ordering = ("-expires_at",)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AuthToken]) -> None:
        for token in queryset:
            token.revoke()
