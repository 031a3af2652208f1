from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Deletes what has expired: tokens, mailed links, tickets. Run it once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        for config in apps.get_app_configs():
            cleanup = getattr(config, "cleanup", None)
            if config.name.startswith("find_friend.") and cleanup is not None:
                self.stdout.write(f"{config.label}: {cleanup()}")
