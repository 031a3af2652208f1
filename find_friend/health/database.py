"""Whether the database answers and has all migrations."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor

_migrated: set[str] = set()


def aliases() -> set[str]:
    """The databases that our tables and the users are written to."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith("find_friend.")]
    models = [get_user_model(), *(model for config in ours for model in config.get_models())]
    return {router.db_for_write(model) for model in models}


def answers() -> bool:
    used = [connections[alias] for alias in aliases()]
    for connection in used:
        connection.ensure_connection()
    return all(connection.is_usable() for connection in used)


def is_migrated() -> bool:
    """Whether every migration that this process knows is applied. What is so once is not looked at again."""
    for alias in aliases() - _migrated:
        executor = MigrationExecutor(connections[alias])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.add(alias)
    return True
