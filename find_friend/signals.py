"""Signals that are sent once the transaction has committed, and the one that the whole package shares.

Arguments are keywords. ``sender`` is the model class the news is about.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal


class CommitSignal(Signal):
    """A signal sent after commit; a receiver that fails is logged by Django and hurts nobody."""

    def send_on_commit(self, sender: Any, *, using: str | None = None, **named: Any) -> None:
        transaction.on_commit(partial(self.send_robust, sender, **named), using=using, robust=True)


# What these users may do or see has become less: a token ended, a user was deactivated or deleted, a friendship
# ended, a block began. Open sockets look at their rights again. ``users``: list of primary keys.
# A site that changes rights by other means may send it too.
rights_changed = CommitSignal()
