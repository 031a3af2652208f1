from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from find_friend import kept, locks
from find_friend.conf import app_settings
from find_friend.fingerprints import fingerprint, fingerprints, matches, new_secret, secret_digest
from find_friend.signals import rights_changed

from ..exceptions import TokenNotThere
from ..signals import all_tokens_revoked, token_issued, token_revoked

KEY_PREFIX = "ff_"
TOUCH_EVERY = timedelta(minutes=5)


def used_since() -> datetime:
    """A token that was last used before has expired."""
    return timezone.now() - app_settings.TOKEN_IDLE_TTL


class AuthTokenQuerySet(models.QuerySet["AuthToken"]):
    def issue(self, user: AbstractBaseUser, device: str = "") -> tuple[AuthToken, str]:
        """Make a token and return it with its key, which is stored nowhere and cannot be shown again.

        Beyond ``TOKENS_PER_USER`` the tokens unused the longest end.
        """
        key = KEY_PREFIX + new_secret()
        with locks.locked_users(user):
            self._make_room(user)
            token = self.create(
                digest=secret_digest(key),
                user=user,
                device=device[:200],
                fingerprint=fingerprint(user),
                expires_at=timezone.now() + app_settings.TOKEN_TTL,
            )
            token_issued.send_on_commit(AuthToken, token=token)
        return token, key

    async def aissue(self, user: AbstractBaseUser, device: str = "") -> tuple[AuthToken, str]:
        return await sync_to_async(self.issue)(user, device)

    def _make_room(self, user: AbstractBaseUser) -> None:
        self.filter(user=user).expired().delete()
        newest_first = self.filter(user=user).order_by("-last_used_at", "-created")
        for superfluous in list(newest_first)[max(app_settings.TOKENS_PER_USER - 1, 0) :]:
            superfluous.revoke()

    def expired(self) -> AuthTokenQuerySet:
        return self.filter(models.Q(expires_at__lte=timezone.now()) | models.Q(last_used_at__lte=used_since()))

    def alive(self, user: AbstractBaseUser) -> AuthTokenQuerySet:
        """The tokens that ``user`` may still use."""
        return self.filter(
            user=user,
            expires_at__gt=timezone.now(),
            last_used_at__gt=used_since(),
            fingerprint__in=fingerprints(user),
        )

    def find_alive(self, user: AbstractBaseUser, pk: str) -> AuthToken:
        """The one of those with that key. Raises TokenNotThere."""
        try:
            return self.alive(user).get(pk=pk)
        except (AuthToken.DoesNotExist, ValidationError):
            raise TokenNotThere from None

    def unexpired(self) -> AuthTokenQuerySet:
        """By the clock of the database, since open sockets keep the condition and not its moment."""
        return self.filter(expires_at__gt=Now(), last_used_at__gt=Now() - app_settings.TOKEN_IDLE_TTL)

    def for_key(self, key: str) -> AuthToken | None:
        """The living token of an active user with that key, marked as used."""
        token = self._with_user(secret_digest(key))
        if token is None or not token.is_alive:
            return None
        token.touch()
        return token

    def _with_user(self, digest: str) -> AuthToken | None:
        """Each call and each socket begins with this one, so the statement is kept where it can be."""
        user, using = get_user_model(), self.db
        if self.query.where or not kept.is_plain(user, using):
            return self.select_related("user").filter(digest=digest).first()
        own, theirs = ([field.attname for field in model._meta.concrete_fields] for model in (self.model, user))

        def build() -> Any:
            return self.filter(digest=kept.given("digest")).values_list(*own, *(f"user__{name}" for name in theirs))

        found = kept.rows(("find_friend.token", using, user), build, using, {"digest": digest})
        if not found:
            return None
        token = self.model.from_db(using, own, found[0][: len(own)])
        token.user = user.from_db(using, theirs, found[0][len(own) :])
        return token

    def keep_through_rehash(self, user: AbstractBaseUser, before: list[str]) -> None:
        """A check of the right password may have stored it under a newer hash: that is no change of password.

        ``before``: the fingerprints of the user as read before the check.
        """
        if fingerprint(user) not in before:
            self.filter(user=user, fingerprint__in=before).update(fingerprint=fingerprint(user))

    def revoke_all(self, user: AbstractBaseUser) -> None:
        """End every token of ``user``; open sockets close."""
        if self.filter(user=user).delete()[0]:
            all_tokens_revoked.send_on_commit(AuthToken, user=user)

    async def arevoke_all(self, user: AbstractBaseUser) -> None:
        await sync_to_async(self.revoke_all)(user)

    def delete(self) -> tuple[int, dict[str, int]]:
        """End the tokens; open sockets of their users look at their rights again."""
        users = list(self.order_by().values_list("user", flat=True).distinct())
        deleted = super().delete()
        if users:
            rights_changed.send_on_commit(AuthToken, users=users)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class AuthToken(models.Model):
    """One device that is signed in. Of its key only the digest is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="find_friend_tokens", verbose_name=_("user")
    )
    device = models.CharField(_("device"), max_length=200, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    objects = AuthTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")

    def __str__(self) -> str:
        return f"{self.device or self.pk}"

    @property
    def is_alive(self) -> bool:
        """Not expired, and its user active and with the password it was issued under."""
        in_time = self.expires_at > timezone.now() and self.last_used_at > used_since()
        return in_time and getattr(self.user, "is_active", True) and matches(self.fingerprint, self.user)

    def touch(self) -> None:
        """Remember the use, with at most one write in five minutes."""
        now = timezone.now()
        if self.last_used_at <= now - TOUCH_EVERY:
            AuthToken.objects.filter(pk=self.pk, last_used_at__lte=now - TOUCH_EVERY).update(last_used_at=now)
            self.last_used_at = now

    def revoke(self) -> None:
        """End this token; sockets opened with it close."""
        self.delete()

    async def arevoke(self) -> None:
        await sync_to_async(self.revoke)()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        user, pk = self.user_id, self.pk
        deleted = super().delete(*args, **kwargs)
        rights_changed.send_on_commit(AuthToken, users=[user])
        if deleted[0]:
            token_revoked.send_on_commit(AuthToken, user_pk=user, token_pk=pk)
        return deleted
