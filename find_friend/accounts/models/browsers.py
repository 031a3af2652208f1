from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from find_friend import access
from find_friend.fingerprints import fingerprint, fingerprints
from find_friend.locks import locked_users
from find_friend.signals import rights_changed

from ..exceptions import BrowserNotThere

TOUCH_EVERY = timedelta(hours=1)
MARK = "find_friend_browser"  # in the session: key of the row, key of the session, moment of the last note
LONGEST_KEY = 40  # sessions in signed cookies have longer ones: nobody but the browser can end those


class BrowserSessionQuerySet(models.QuerySet["BrowserSession"]):
    def note(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Remember that the session of ``request`` is signed in as ``user``, and is used now. Raises UserNotThere."""
        session = session_of(request)
        if session is None:
            return
        now, known = timezone.now(), session.get(MARK)
        values = {
            "session_key": session.session_key,
            "fingerprint": fingerprint(user),
            "user_agent": printable(request.META.get("HTTP_USER_AGENT", "")),
            "last_used_at": now,
            "expires_at": now + timedelta(seconds=session.get_expiry_age()),
        }
        with locked_users(user):
            # A new password gives the session another key, and its browser is the same.
            if known is None or not self.filter(pk=known[0], user=user).update(**values):
                key = values.pop("session_key")
                row, _new = self.update_or_create(session_key=key, defaults={"user": user, **values})
                known = [str(row.pk)]
        session[MARK] = [known[0], session.session_key, now.isoformat()]

    def touch(self, request: HttpRequest) -> None:
        """The same where it is not known yet: without a query but for one in an hour."""
        session = session_of(request)
        known = None if session is None else session.get(MARK)
        if known is not None and known[1] == session.session_key:
            noted = parse_datetime(known[2])
            if noted is not None and noted > timezone.now() - TOUCH_EVERY:
                return
        self.note(request, request.user)  # type: ignore[arg-type]

    def forget(self, session_key: str | None) -> None:
        """The session with that key has ended."""
        self.filter(session_key=session_key).delete()

    def expired(self) -> BrowserSessionQuerySet:
        return self.filter(expires_at__lte=timezone.now())

    def alive(self, user: AbstractBaseUser) -> BrowserSessionQuerySet:
        """Those of ``user`` whose sessions have neither expired nor lost their password.

        A session that the site has ended in its own way is among them: ``keep_living`` leaves those out.
        """
        return self.filter(user=user, expires_at__gt=timezone.now(), fingerprint__in=fingerprints(user))

    def find_alive(self, user: AbstractBaseUser, pk: str) -> BrowserSession:
        """The one of those with that key. Raises BrowserNotThere."""
        try:
            return self.alive(user).get(pk=pk)
        except (BrowserSession.DoesNotExist, ValidationError):
            raise BrowserNotThere from None

    def end_all(self, user: AbstractBaseUser, *, keep: str | None = None) -> None:
        """End these sessions of ``user``, but for the one with the key ``keep``; their open sockets close."""
        rows = self.filter(user=user).exclude(session_key=keep) if keep else self.filter(user=user)
        keys = list(rows.values_list("session_key", flat=True))
        for key in keys:
            access.end_session(key)
        self.filter(session_key__in=keys).delete()
        if keys:
            rights_changed.send_on_commit(BrowserSession, users=[user.pk])


class BrowserSession(models.Model):
    """One browser that is signed in by a session, wherever the site keeps its sessions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="find_friend_browsers", verbose_name=_("user")
    )
    session_key = models.CharField(max_length=LONGEST_KEY, unique=True, editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    user_agent = models.CharField(_("browser"), max_length=300, blank=True)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    objects = BrowserSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("browser")
        verbose_name_plural = _("browsers")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What a person knows it by."""
        from ..browsers import describe

        return describe(self.user_agent)

    def end(self) -> None:
        """End the session; sockets opened with it close."""
        access.end_session(self.session_key)
        self.delete()
        rights_changed.send_on_commit(BrowserSession, users=[self.user_id])


def session_of(request: HttpRequest) -> Any:
    """The session by which somebody is signed in; None where it is something else, or nobody else can end it."""
    session = getattr(request, "session", None)
    if session is None or SESSION_KEY not in session:
        return None
    return session if session.session_key and len(session.session_key) <= LONGEST_KEY else None


def keep_living(rows: Collection[BrowserSession]) -> list[BrowserSession]:
    """Those whose sessions are still there."""
    keys = access.living_sessions([row.session_key for row in rows])
    return [row for row in rows if row.session_key in keys]


def printable(text: Any) -> str:
    return "".join(filter(str.isprintable, text))[:300]
