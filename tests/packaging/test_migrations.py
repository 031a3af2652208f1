import pytest
from django.apps import apps
from django.core.management import call_command

LABELS = [config.label for config in apps.get_app_configs() if config.name.split(".")[0] == "find_friend"]


@pytest.mark.django_db
def test_migrations_say_what_the_models_say(capsys):
    call_command("makemigrations", *LABELS, check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


@pytest.mark.django_db
def test_migrations_can_be_taken_back_and_repeated(transactional_db):
    ours = [label for label in LABELS if apps.get_app_config(label).models_module is not None]
    for label in reversed(ours):
        call_command("migrate", label, "zero", verbosity=0)
    call_command("migrate", verbosity=0)
    call_command("check", database=["default"])
