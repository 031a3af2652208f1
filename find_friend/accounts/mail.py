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

from find_friend.conf import app_settings

from .models import EmailToken, Purpose

logger = logging.getLogger("find_friend.accounts")
_executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="find_friend-mail")

# template and key of LINKS, and the setting that says how long the link works
LINKS = {
    Purpose.RESET: ("password_reset", "PASSWORD_RESET_TTL"),
    Purpose.VERIFY: ("verify_email", "EMAIL_VERIFICATION_TTL"),
    Purpose.CHANGE: ("change_email", "EMAIL_VERIFICATION_TTL"),
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
        logger.exception("A mail could not be sent.")


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
    address = app_settings.LINKS[template]
    link = address.replace("{uid}", str(row.pk)).replace("{token}", token) if address else ""
    send(template, email, user=user, uid=row.pk, token=token, link=link, expires=row.expires_at)
