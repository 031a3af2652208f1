from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, router, transaction
from django.utils.translation import gettext_lazy as _

from find_friend.locks import locked_users

from .. import delivery, signals


class PrivacyQuerySet(models.QuerySet["Privacy"]):
    def of(self, user: AbstractBaseUser) -> Privacy:
        """What ``user`` has chosen; without a row everything is on."""
        return self.filter(user=user.pk).first() or Privacy(user_id=user.pk)

    async def aof(self, user: AbstractBaseUser) -> Privacy:
        return await sync_to_async(self.of)(user)

    def choose(self, user: AbstractBaseUser, **chosen: bool) -> Privacy:
        """Change what ``user`` has chosen; open sockets follow. Raises UserNotThere."""
        with locked_users(user):
            privacy = self.select_for_update().of(user)
            changed = sorted(name for name, value in chosen.items() if getattr(privacy, name) != value)
            for name in changed:
                setattr(privacy, name, chosen[name])
            if changed:
                new = privacy._state.adding
                privacy.save(force_insert=new, update_fields=None if new else changed)
                signals.privacy_changed.send_on_commit(Privacy, privacy=privacy, changed=changed)
        return privacy

    async def achoose(self, user: AbstractBaseUser, **chosen: bool) -> Privacy:
        return await sync_to_async(self.choose)(user, **chosen)


class Privacy(models.Model):
    """What a person shows of themselves in chats. Who switches one off neither shows nor sees it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="find_friend_chat_privacy",
        verbose_name=_("user"),
    )
    read_receipts = models.BooleanField(_("read receipts"), default=True)
    typing = models.BooleanField(_("typing"), default=True)
    presence = models.BooleanField(_("presence"), default=True)

    objects = PrivacyQuerySet.as_manager()

    class Meta:
        verbose_name = _("privacy in chats")
        verbose_name_plural = _("privacy in chats")

    def __str__(self) -> str:
        return str(self.pk)

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        news = partial(delivery.recheck, [self.user_id])
        transaction.on_commit(news, using=router.db_for_write(Privacy), robust=True)
