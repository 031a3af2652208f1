from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings
from find_friend.fingerprints import fingerprint, matches, new_secret, secret_digest
from find_friend.users import find_user

from .. import signals
from ..sessions import open_session, session_row, session_user

SESSION = "session"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def expired(self) -> TicketQuerySet:
        return self.filter(expires_at__lte=timezone.now())

    def issue(self, *, user: AbstractBaseUser, auth: Any = None, session_key: str | None = None) -> str:
        """A key that opens one socket within WEBSOCKET_TICKET_TTL.

        It is worth as much as what ``user`` signed in by: ``auth``, if that is a row such as a token, or the session.
        """
        self.filter(user=user.pk).expired().delete()
        key = f"fft_{new_secret()}"
        credential, credential_key = "", ""
        if isinstance(auth, models.Model):
            credential, credential_key = auth._meta.label_lower, str(auth.pk)
        elif auth is None and session_key:
            credential, credential_key = SESSION, session_key
        self.create(
            digest=secret_digest(key),
            user=user,
            credential=credential,
            credential_key=credential_key,
            fingerprint=fingerprint(user),
            expires_at=timezone.now() + app_settings.WEBSOCKET_TICKET_TTL,
        )
        signals.ticket_issued.send_on_commit(Ticket, user=user)
        return key

    async def aissue(self, *, user: AbstractBaseUser, auth: Any = None, session_key: str | None = None) -> str:
        return await sync_to_async(self.issue)(user=user, auth=auth, session_key=session_key)

    def spend(self, key: str) -> Ticket | None:
        """The ticket with that key, taken away from the table; None for a wrong, expired or spent one."""
        ticket = self.filter(digest=secret_digest(key), expires_at__gt=timezone.now()).first()
        if ticket is None or not self.filter(pk=ticket.pk).delete()[0]:
            return None
        signals.ticket_spent.send_on_commit(Ticket, user_pk=ticket.user_id)
        return ticket


class Ticket(models.Model):
    """A key of one socket, for clients that can send no header. Spending it removes the row."""

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    credential = models.CharField(max_length=150)
    credential_key = models.TextField()
    fingerprint = models.CharField(max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("socket ticket")
        verbose_name_plural = _("socket tickets")

    def __str__(self) -> str:
        return str(self.pk)

    def current_user(self) -> AbstractBaseUser | None:
        """The ticket's user, read now; None once they or what they signed in by have ended."""
        user = find_user(self.user_id)
        if user is None or not matches(self.fingerprint, user):
            return None
        if self.credential == SESSION:
            return user if session_user(open_session(self.credential_key)) == user else None
        return user if not self.credential or self._row_lives() else None

    @property
    def row(self) -> tuple[type[models.Model], Any] | None:
        """Model and key of what the user signed in by, where that is a row."""
        if self.credential == SESSION:
            return session_row(open_session(self.credential_key))
        if not self.credential:
            return None
        model = apps.get_model(self.credential)
        return model, model._meta.pk.to_python(self.credential_key)

    def _row_lives(self) -> bool:
        """Whether the row is there, and alive as far as it has a say in that."""
        row = apps.get_model(self.credential)._base_manager.filter(pk=self.credential_key).first()
        return row is not None and getattr(row, "is_alive", True)
