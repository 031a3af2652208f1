"""Rows of ours for users who came before the package did, or whose address was changed past every receiver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models, router, transaction

from find_friend import users
from find_friend.users import normalize

from .addresses import email_digest
from .models import EmailAddress
from .models.emails import LONGEST


@dataclass
class Progress:
    """What one batch came to; ``last`` is the key of its last user."""

    last: Any
    seen: int = 0
    written: int = 0
    left_out: int = 0


def backfill(*, batch_size: int, after: Any = None, dry_run: bool = False) -> Iterator[Progress]:
    """Write the missing and outdated rows of addresses, users in key order from ``after`` on; one Progress a batch.

    Each batch is a transaction of its own. Users without an address, and those who share one, get no row: ``left_out``.
    """
    shared = shared_addresses()
    while True:
        found = batch(after, batch_size)
        if not found:
            return
        after = found[-1][0]
        yield store(found, shared, dry_run=dry_run)


def own_addresses() -> models.QuerySet[Any]:
    """Key and address of every user."""
    return get_user_model()._default_manager.order_by("pk").values_list("pk", str(users.email_field()))


def batch(after: Any, size: int) -> list[tuple[Any, str | None]]:
    queryset = own_addresses()
    return list((queryset if after is None else queryset.filter(pk__gt=after))[:size])


def shared_addresses() -> set[str]:
    """The addresses that two users have, as far as the database knows one letter's cases."""
    name = str(users.email_field())
    folded = get_user_model()._default_manager.annotate(find_friend_folded=users.folded(name)).order_by()
    shared = folded.values("find_friend_folded").annotate(n=models.Count("pk")).filter(n__gt=1)
    return {normalize(address) for address in shared.values_list("find_friend_folded", flat=True) if address}


def store(found: list[tuple[Any, str | None]], shared: set[str], *, dry_run: bool) -> Progress:
    progress = Progress(last=found[-1][0], seen=len(found))
    rows = {row.user_id: row for row in EmailAddress.objects.filter(user__in=[pk for pk, _email in found])}
    outdated, missing = [], []
    for pk, email in found:
        address = normalize(email or "")
        if pk in rows and rows[pk].digest == email_digest(address):
            continue
        if pk in rows:
            outdated.append(rows[pk].pk)
        if not address or len(address) > LONGEST or address in shared:
            progress.left_out += 1
        else:
            missing.append(EmailAddress(user_id=pk, email=address, digest=email_digest(address)))
    progress.written = len(missing)
    if not dry_run and (outdated or missing):
        write(outdated, missing)
    return progress


def write(outdated: list[Any], missing: list[EmailAddress]) -> None:
    taken = EmailAddress.objects.filter(digest__in=[row.digest for row in missing]).select_related("user")
    # Rows of users who have another address by now; their own turn comes.
    outdated = [*outdated, *(row.pk for row in taken if not row.is_current)]
    with transaction.atomic(using=router.db_for_write(EmailAddress)):
        EmailAddress.objects.filter(pk__in=outdated).delete()
        # Whoever has signed up or changed their address since the batch was read keeps what they have.
        EmailAddress.objects.bulk_create(missing, ignore_conflicts=True)
