import pytest
from django.apps import apps
from django.core.management import call_command

from tests.flushing import KEPT


@pytest.mark.parametrize("reset_sequences", [False, True])
@pytest.mark.django_db(transaction=True)
def test_a_flush_leaves_only_what_migrate_fills(chat, ann, reset_sequences):
    chat.post(by=ann, text="hello")
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    kept = {model: model._base_manager.count() for model in models if model._meta.db_table in KEPT}
    assert len(kept) == len(KEPT)
    assert all(kept.values())
    call_command("flush", interactive=False, verbosity=0, reset_sequences=reset_sequences)
    assert {model: model._base_manager.count() for model in models} == {**dict.fromkeys(models, 0), **kept}
