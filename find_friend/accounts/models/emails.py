from __future__ import annotations

import logging
import secrets
import uuid
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.db.models.functions import Lower, Trim
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from find_friend import locks, users
from find_friend.conf import app_settings
from find_friend.fingerprints import fingerprint, matches, new_secret, secret_digest
from find_friend.logs import fields
from find_friend.signals import CommitSignal
from find_friend.users import normalize

from ..addresses import email_digest, email_of
from ..exceptions import EmailTaken, InvalidLink
from ..signals import (
    email_change_requested,
    email_changed,
    email_verification_requested,
    email_verified,
    password_reset_requested,
)
from .tokens import AuthToken

logger = logging.getLogger("find_friend.accounts")

LONGEST = 320


def same_address(email: str, besides: Any = None) -> list[Any]:
    """Users whose own e-mail column holds that address in any spelling, though no row of ours says so; at most 20.

    It reads the whole table of users, unless that has an index that ignores case. Nobody where EMAIL_BACKFILLED is set.
    """
    name = users.email_field()
    if name is None or app_settings.EMAIL_BACKFILLED:
        return []
    found = get_user_model()._default_manager.filter(**{f"{name}__iexact": normalize(email)})
    if besides is not None:
        found = found.exclude(pk=besides.pk)
    # Some databases also hold accented letters for equal.
    return [user for user in found.order_by("pk")[:20] if email_digest(email_of(user)) == email_digest(email)]


def with_address(name: str) -> models.QuerySet[Any]:
    return get_user_model()._default_manager.exclude(**{f"{name}__isnull": True}).exclude(**{name: ""})


class EmailAddressQuerySet(models.QuerySet["EmailAddress"]):
    def user_for(self, email: Any) -> Any:
        """The active user who has that address, compared without regard to case; None where nobody or two have it."""
        if not users.is_storable(email):
            return None
        owner = self._owner(email)
        if owner is None:
            found = same_address(email)
            if len(found) != 1:
                return None
            owner = found[0]
            self.sync(owner)
        return owner if getattr(owner, "is_active", True) else None

    async def auser_for(self, email: Any) -> Any:
        return await sync_to_async(self.user_for)(email)

    def _owner(self, email: str) -> Any:
        """The user of the row, if the user's own column has not been changed behind our back."""
        row = self.select_related("user").filter(digest=email_digest(email)).first()
        return row.user if row is not None and row.is_current else None

    def is_verified(self, user: AbstractBaseUser) -> bool:
        """Whether the address that ``user`` has now is confirmed."""
        return self.filter(user=user, digest=email_digest(email_of(user)), verified_at__isnull=False).exists()

    async def ais_verified(self, user: AbstractBaseUser) -> bool:
        return await sync_to_async(self.is_verified)(user)

    def verified_of(self, user: Any) -> EmailAddressQuerySet:
        """The confirmed address of the user whose key, or column of it, is given; none where it is not theirs now."""
        name = users.email_field()
        if name is None:
            return self.none()
        confirmed = self.filter(user=user, verified_at__isnull=False)
        return confirmed.annotate(find_friend_own=Lower(Trim(f"user__{name}"))).filter(email=F("find_friend_own"))

    def is_taken(self, email: str, *, besides: AbstractBaseUser | None = None) -> bool:
        """Whether somebody, active or not, has the address."""
        owner = self._owner(email)
        return (owner is not None and owner != besides) or bool(same_address(email, besides))

    def sync(self, user: AbstractBaseUser) -> EmailAddress | None:
        """Bring the row in step with the user's own e-mail column, which counts; None where there can be no row.

        A changed address has to be confirmed again. An address that somebody else has gets no row.
        """
        email = normalize(email_of(user))
        row = self.filter(user=user).first()
        if row is not None and row.digest == email_digest(email):
            return row
        if row is not None:
            row.delete()
        if not email or len(email) > LONGEST:
            return None
        self._drop_stale(email)
        try:
            if same_address(email, user):
                raise IntegrityError
            with transaction.atomic():
                return self.create(user=user, email=email, digest=email_digest(email))
        except IntegrityError:
            logger.warning(
                "The address of user %s belongs to somebody else too.",
                user.pk,
                extra=fields("address_taken", user=user.pk),
            )
            return None

    def _drop_stale(self, email: str) -> None:
        row = self.select_related("user").filter(digest=email_digest(email)).first()
        if row is not None and not row.is_current:
            row.delete()

    def verify(self, user: AbstractBaseUser) -> None:
        """Mark the address that ``user`` has now as confirmed."""
        row = self.sync(user)
        if row is not None and self.filter(pk=row.pk, verified_at=None).update(verified_at=timezone.now()):
            email_verified.send_on_commit(type(user), user=user, email=row.email)

    async def averify(self, user: AbstractBaseUser) -> None:
        await sync_to_async(self.verify)(user)

    def duplicates(self) -> list[Any]:
        """Keys of users without a row of ours who share an address with another user: they cannot sign in by it."""
        name = users.email_field()
        if name is None:
            return []
        folded = with_address(name).annotate(find_friend_folded=users.folded(name)).order_by()
        shared = folded.values("find_friend_folded").annotate(n=models.Count("pk")).filter(n__gt=1)
        found = folded.filter(
            find_friend_folded__in=shared.values("find_friend_folded"), find_friend_email__isnull=True
        )
        return list(found.order_by("pk").values_list("pk", flat=True))

    def missing(self) -> models.QuerySet[Any]:
        """Users who have an address and no row of ours."""
        return with_address(str(users.email_field())).filter(find_friend_email__isnull=True)


class EmailAddress(TimeStampedModel):
    """The address of a user: unique without regard to case, and since when it is confirmed."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="find_friend_email", verbose_name=_("user")
    )
    email = models.EmailField(_("e-mail address"), max_length=LONGEST)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    verified_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    objects = EmailAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("e-mail address")
        verbose_name_plural = _("e-mail addresses")

    def __str__(self) -> str:
        return self.email

    @property
    def is_current(self) -> bool:
        """Whether the user's own column still holds this address."""
        return self.digest == email_digest(email_of(self.user))


class Purpose(models.TextChoices):
    RESET = "reset", _("new password")
    VERIFY = "verify", _("confirm the address")
    CHANGE = "change", _("change the address")


REQUESTED: dict[str, CommitSignal] = {
    Purpose.RESET: password_reset_requested,
    Purpose.VERIFY: email_verification_requested,
    Purpose.CHANGE: email_change_requested,
}


class EmailTokenQuerySet(models.QuerySet["EmailToken"]):
    def issue(self, user: AbstractBaseUser, purpose: str, email: str, ttl: timedelta) -> tuple[EmailToken, str]:
        """Make the one link that works for this purpose; the earlier one is dead. Returns it and its secret."""
        secret = new_secret()
        with locks.locked_users(user):
            self.filter(user=user, purpose=purpose).delete()
            row = self.create(
                user=user,
                purpose=purpose,
                email=email,
                digest=secret_digest(secret),
                fingerprint=fingerprint(user),
                expires_at=timezone.now() + ttl,
            )
            REQUESTED[purpose].send_on_commit(type(user), user=user, email=email)
        return row, secret

    def check_link(self, uid: str, secret: str, purpose: str) -> EmailToken:
        """The row of a link that works, which stays usable until ``spend()``. InvalidLink for any other.

        Every call costs a try first, so parallel guesses are counted too; the right secret gets it back.
        """
        try:
            row = self.filter(pk=uid, purpose=purpose, expires_at__gt=timezone.now())
            tried = row.filter(tries__lt=app_settings.EMAIL_TOKEN_TRIES).update(tries=models.F("tries") + 1)
        except (ValidationError, ValueError):
            tried = 0
        found = row.select_related("user").first() if tried else None
        if found is None or not secrets.compare_digest(found.digest, secret_digest(secret)):
            raise InvalidLink
        row.update(tries=models.F("tries") - 1)
        if not found.is_valid:
            raise InvalidLink
        return found

    def expired(self) -> EmailTokenQuerySet:
        return self.filter(expires_at__lte=timezone.now())


class EmailToken(models.Model):
    """A link sent by mail: works once, for a while, and a few wrong tries kill it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    digest = models.CharField(max_length=64, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    email = models.EmailField(max_length=LONGEST)
    tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = EmailTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailed link")
        verbose_name_plural = _("mailed links")
        constraints = [models.UniqueConstraint(fields=["user", "purpose"], name="find_friend_one_link_per_purpose")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"

    @property
    def is_valid(self) -> bool:
        """Whether the user is still the one it was made for: active, same address, same password."""
        same_email = self.purpose == Purpose.CHANGE or email_digest(self.email) == email_digest(email_of(self.user))
        same_password = self.purpose == Purpose.VERIFY or matches(self.fingerprint, self.user)
        return getattr(self.user, "is_active", True) and same_email and same_password

    def spend(self) -> None:
        """Use the link up. InvalidLink if somebody was quicker."""
        if not EmailToken.objects.filter(pk=self.pk, digest=self.digest).delete()[0]:
            raise InvalidLink

    def verify_email(self) -> None:
        """Use the link up: its address is confirmed. InvalidLink if somebody was quicker."""
        with locks.locked_users(self.user):
            self.spend()
            EmailAddress.objects.verify(self.user)

    def change_email(self) -> str:
        """Use the link up: its address becomes the user's, confirmed, and every token ends. Returns the old one.

        EmailTaken if somebody else has got the address meanwhile; the database decides.
        """
        old, name = email_of(self.user), str(users.email_field())
        try:
            with locks.locked_users(self.user):
                self.spend()
                setattr(self.user, name, self.email)
                self.user.save(update_fields=[name])
                if EmailAddress.objects.sync(self.user) is None:
                    raise IntegrityError
                EmailAddress.objects.verify(self.user)
                AuthToken.objects.revoke_all(self.user)
                email_changed.send_on_commit(type(self.user), user=self.user, old_email=old, new_email=self.email)
        except IntegrityError:
            raise EmailTaken from None
        return old
