from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "find_friend.accounts"
    label = "find_friend_accounts"
    verbose_name = _("People")
    default_auto_field = "django.db.models.BigAutoField"
    personal_data = "find_friend.accounts.personal_data.personal_data"
    page_parts = "find_friend.accounts.pages.parts.AccountsParts"
    serializer_roles = {
        "user": "find_friend.accounts.serializers.UserCardSerializer",
        "chat_member": "find_friend.accounts.serializers.ChatMemberSerializer",
        "signup": "find_friend.accounts.serializers.SignupSerializer",
        "me": "find_friend.accounts.serializers.MeSerializer",
        "login": "find_friend.accounts.serializers.LoginSerializer",
        "token": "find_friend.accounts.serializers.TokenSerializer",
        "interest": "find_friend.accounts.serializers.InterestSerializer",
        "city": "find_friend.accounts.serializers.CitySerializer",
        "people_filter": "find_friend.accounts.filters.PeopleFilter",
    }

    def ready(self) -> None:
        from django.conf import settings
        from django.contrib.auth.signals import user_logged_in, user_logged_out
        from django.db.models.signals import post_delete, post_save

        from . import checks, receivers  # noqa: F401
        from .models import Profile
        from .models.profiles import delete_avatar

        post_save.connect(
            receivers.user_saved, sender=settings.AUTH_USER_MODEL, dispatch_uid="find_friend_accounts.user_saved"
        )
        post_delete.connect(
            receivers.user_gone, sender=settings.AUTH_USER_MODEL, dispatch_uid="find_friend_accounts.user_gone"
        )
        user_logged_in.connect(receivers.signed_in, dispatch_uid="find_friend_accounts.signed_in")
        user_logged_out.connect(receivers.signed_out, dispatch_uid="find_friend_accounts.signed_out")
        post_delete.connect(delete_avatar, sender=Profile, dispatch_uid="find_friend_accounts.delete_avatar")

    def cleanup(self) -> int:
        """Delete what has expired; called by ``manage.py find_friend_cleanup``. Returns the number of rows."""
        from .models import AuthToken, BrowserSession, EmailToken

        return sum(model.objects.expired().delete()[0] for model in (AuthToken, BrowserSession, EmailToken))
