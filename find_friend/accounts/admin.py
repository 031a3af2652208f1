from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import SetPasswordMixin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from find_friend.admin import LargeTableAdmin

from .models import AuthToken, City, EmailAddress, Interest, Profile


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


class EmailUserAdmin(LargeTableAdmin, UserAdmin):
    """For a user model made from ``AbstractEmailUser``: no user name, and a million users are no trouble.

    Register it for the model, or a subclass of it. Blocking a user ends their tokens and closes their sockets.
    """

    add_form = EmailUserCreationForm
    ordering = ("-pk",)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email__istartswith", "first_name__istartswith", "last_name__istartswith")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "first_name", "last_name", "password1", "password2")}),)
    actions = ("block", "unblock", "end_sessions")

    @admin.action(description=_("Block selected users"), permissions=["change"])
    def block(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_active(queryset, False)

    @admin.action(description=_("Unblock selected users"), permissions=["change"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._set_active(queryset, True)

    @admin.action(description=_("Sign selected users out on every device"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for user in queryset:
            AuthToken.objects.revoke_all(user)

    def _set_active(self, queryset: QuerySet[Any], active: bool) -> None:
        for user in queryset.exclude(is_active=active):
            user.is_active = active
            user.save(update_fields=["is_active"])


class FoldedSearch(admin.ModelAdmin):
    """Search by the beginning of the name, in any alphabet."""

    search_fields = ("search_key",)

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
class ProfileAdmin(LargeTableAdmin):
    list_display = ("user", "birthday", "city", "sex")
    list_select_related = ("user", "city")
    raw_id_fields = ("user",)
    autocomplete_fields = ("city", "interests")
    readonly_fields = ("avatar",)
    user_fields = ("user",)
    actions = ("remove_avatar",)

    @admin.action(description=_("Remove the pictures of selected users"), permissions=["change"])
    def remove_avatar(self, request: HttpRequest, queryset: QuerySet[Profile]) -> None:
        for profile in queryset.exclude(avatar=""):
            profile.replace_avatar(None)
            profile.save(update_fields=["avatar"])


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
