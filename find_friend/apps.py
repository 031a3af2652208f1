from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import class_prepared
from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _


@receiver(class_prepared)
def refuse_foreign_models(sender: Any, **kwargs: Any) -> None:
    """RuntimeError for a model of ours whose app is not installed, as Django raises it for models elsewhere.

    The core app has no models, but its package holds those of the others. Django would take the model for one of the
    core app, and from then on every deletion of a user would look into a table that is not there.
    """
    if sender._meta.app_label == FindFriendConfig.label and sender.__module__.startswith("find_friend."):
        app = ".".join(sender.__module__.split(".")[:2])
        raise RuntimeError(
            f"Model class {sender.__module__}.{sender.__name__} isn't in an application in INSTALLED_APPS. "
            f"Is {app} missing there?"
        )


class FindFriendConfig(AppConfig):
    name = "find_friend"
    label = "find_friend"
    verbose_name = _("Find friend")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings
        from django.db.models.signals import post_delete, post_save

        from . import checks  # noqa: F401

        for signal in (post_save, post_delete):
            signal.connect(user_changed, sender=settings.AUTH_USER_MODEL, dispatch_uid="find_friend.user_changed")
        if apps.is_installed("drf_spectacular"):
            import_module("find_friend.openapi")


def user_changed(sender: Any, instance: Any, created: bool = False, update_fields: Any = None, **kwargs: Any) -> None:
    """A saved user may have lost a right (deactivation, new password): open sockets look again."""
    from .signals import rights_changed

    harmless = update_fields is not None and not {"is_active", "password"} & set(update_fields)
    if not (created or harmless or kwargs.get("raw")):
        rights_changed.send_on_commit(sender, users=[instance.pk])
