"""Mails to users. Subject and text are templates in ``find_friend/accounts/email/``, which a site may override.

No mail carries a text that a user wrote: with somebody else's address at sign-up that would be a way to send spam.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from find_friend.conf import app_settings
from find_friend.kinds import is_dotted_path
from find_friend.logs import fields, without_text
from find_friend.users import normalize

from .addresses import email_of
from .models import BrowserSession, EmailAddress, EmailToken, Purpose

__all__ = ["send_in_background", "send_now"]

logger = logging.getLogger("find_friend.accounts")
_executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="find_friend-mail")

# template and key of LINKS, and the setting that says how long the link works
LINKS = {
    Purpose.RESET: ("password_reset", "PASSWORD_RESET_TTL"),
    Purpose.VERIFY: ("verify_email", "EMAIL_VERIFICATION_TTL"),
    Purpose.CHANGE: ("change_email", "EMAIL_VERIFICATION_TTL"),
}

LINK_PAGES = {
    "password_reset": "find_friend_accounts_pages:password-reset-confirm",
    "verify_email": "find_friend_accounts_pages:verify-email",
    "change_email": "find_friend_accounts_pages:change-email-confirm",
}


def send_now(message: EmailMessage) -> None:
    """Send before the request is answered."""
    message.send()


def send_in_background(message: EmailMessage) -> Future[None]:
    """Send from a thread of this process, so that the answer does not wait for the mail server.

    A mail that cannot be sent is logged; one that still waits when the process is killed is lost.
    """
    return _executor.submit(_send_logged, message)


def _send_logged(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception:
        # What a mail server says quotes the address.
        logger.exception("A mail could not be sent.", exc_info=without_text(), extra=fields("mail_failed"))


def send(template: str, to: str, **context: Any) -> None:
    """Render a mail in the language of the request, and hand it to ``EMAIL_SENDER`` after commit."""
    path = f"find_friend/accounts/email/{template}"
    subject = " ".join(render_to_string(f"{path}_subject.txt", context).split())
    message = EmailMessage(subject=subject, body=render_to_string(f"{path}.txt", context), to=[to])
    sender = app_settings.EMAIL_SENDER

    def hand_over() -> None:  # Django logs a failure by the name of the function, which a partial lacks
        sender(message)

    transaction.on_commit(hand_over, robust=True)


def send_link(user: Any, purpose: Purpose, email: str) -> None:
    """Mail a link of that purpose to ``email``; earlier ones are dead."""
    template, ttl = LINKS[purpose]
    row, token = EmailToken.objects.issue(user, purpose, email, getattr(app_settings, ttl))
    target = app_settings.LINKS[template]
    link = link_to(target, user, str(row.pk), token) if target else page_for(template, str(row.pk), token)
    send(template, email, user=user, uid=row.pk, token=token, link=link, expires=row.expires_at)


def link_to(target: Any, user: Any, uid: str, token: str) -> str:
    """The address of a mail, from what ``LINKS`` has for it: an address, a function or its dotted path."""
    if is_dotted_path(target):
        target = import_string(target)
    if callable(target):
        return target(user, uid=uid, token=token)
    return target.replace("{uid}", uid).replace("{token}", token)


def page_for(template: str, uid: str, token: str) -> str:
    """The address of our own page for a link; empty where the site has none, or does not say where it is."""
    origin = app_settings.PAGES_ORIGIN
    try:
        return f"{origin}{reverse(LINK_PAGES[template], args=[uid, token])}" if origin else ""
    except NoReverseMatch:
        return ""


def offer_reset(email: str) -> None:
    """Mail a link for a new password, if somebody has the address; nothing tells whether."""
    user = EmailAddress.objects.user_for(email)
    if user is not None and user.has_usable_password():
        send_link(user, Purpose.RESET, user.find_friend_email.email)


def offer_verification(user: Any) -> None:
    """Mail the link that confirms the address once more, if it is still to be confirmed."""
    email = email_of(user)
    wanted = app_settings.EMAIL_VERIFICATION != "off" and email
    if wanted and not EmailAddress.objects.is_verified(user):
        send_link(user, Purpose.VERIFY, email)


def offer_change(user: Any, new_email: str) -> None:
    """Mail a link to a new address; for one that somebody has nothing is sent, and nothing tells so."""
    email = normalize(new_email)
    if not EmailAddress.objects.is_taken(email, besides=user):
        send_link(user, Purpose.CHANGE, email)


def finish_change(link: EmailToken, *, keep: str | None = None) -> None:
    """Use the link up: its address becomes the user's, and the old one is told. InvalidLink, EmailTaken.

    Every token ends, and every browser is signed out but for the one whose session has the key ``keep``.
    """
    old = link.change_email()
    BrowserSession.objects.end_all(link.user, keep=keep)
    if old:
        send("email_changed", old)
