"""An admin of the site's users that the package's mixin was put in front of, and its routes."""

from django.contrib.admin import AdminSite
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.urls import include, path

from find_friend.account_admin import AccountAdminMixin
from find_friend.admin import LargeTableAdmin


class UserDesk(AccountAdminMixin, LargeTableAdmin):
    """Actions and a page of its own, as a site may have them; nobody changes the boss."""

    actions = ("greet",)
    fields = ("first_name", "is_active")
    most_accounts = 3

    def greet(self, request, queryset):
        self.message_user(request, "Hello")

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and getattr(obj, "first_name", "") != "Boss"


site = AdminSite("desks")
site.register(get_user_model(), UserDesk)


class PeopleAdmin(AccountAdminMixin, UserAdmin):
    """As the documentation shows it, with columns of any user model."""

    list_display = ("pk", "is_active")
    ordering = ("pk",)


people = AdminSite("people")
people.register(get_user_model(), PeopleAdmin)

urlpatterns = [
    path("desks/", site.urls),
    path("people/", people.urls),
    path("api/v1/", include("find_friend.urls")),
]
