"""Everything that the apps keep about one person, for a copy that they may ask for.

An app names a function in ``personal_data`` of its AppConfig, as a dotted path: it takes a user and returns what JSON
can hold. So may an app of the site.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string


def collect(user: Any) -> dict[str, Any]:
    """By label of the app; of other people it has their keys only."""
    paths = {config.label: getattr(config, "personal_data", None) for config in apps.get_app_configs()}
    return {label: import_string(path)(user) for label, path in paths.items() if path is not None}
