"""Signals that are sent once the transaction has committed, and the one that the whole package shares.

Arguments are keywords. ``sender`` is the model class the news is about.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.db import models, router, transaction
from django.dispatch import Signal


class CommitSignal(Signal):
    """A signal sent after commit; a receiver that fails is logged by Django and hurts nobody."""

    def send_on_commit(self, sender: Any, *, using: str | None = None, **named: Any) -> None:
        """Send after commit: at once where there is no transaction, never where it is rolled back.

        ``using`` is the database with the transaction; unless given, the one that ``sender`` is written to.
        """
        if using is None and isinstance(sender, type) and issubclass(sender, models.Model):
            using = router.db_for_write(sender)
        transaction.on_commit(partial(self.send_robust, sender, **named), using=using, robust=True)

    async def asend_on_commit(self, sender: Any, *, using: str | None = None, **named: Any) -> None:
        await sync_to_async(self.send_on_commit)(sender, using=using, **named)


# What these users may do or see has become less: a token ended, a user was deactivated or deleted, a friendship
# ended, a block began. Open sockets look at their rights again. ``users``: list of primary keys.
# A site that changes rights by other means may send it too.
rights_changed = CommitSignal()
