from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from find_friend.accounts.models import AuthToken

pytestmark = pytest.mark.django_db


def cleanup(capsys):
    call_command("find_friend_cleanup")
    return dict(line.split(": ") for line in capsys.readouterr().out.splitlines())


def test_what_has_expired_is_deleted_and_counted(ann, bob, capsys):
    old, _ = AuthToken.objects.issue(ann)
    kept, _ = AuthToken.objects.issue(bob)
    AuthToken.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert cleanup(capsys) == {"find_friend_accounts": "1", "find_friend_chat": "0"}
    assert list(AuthToken.objects.all()) == [kept]


def test_apps_that_are_left_out_are_not_asked(uninstall, capsys):
    uninstall("find_friend.chat")
    assert cleanup(capsys) == {"find_friend_accounts": "0"}
