import io
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from find_friend.accounts.checks import check_duplicate_addresses
from find_friend.accounts.models import AuthToken, EmailAddress, EmailToken, Purpose


def found(**kwargs):
    return {message.id: message for message in run_checks(**kwargs) if message.id.startswith("find_friend.")}


def test_a_sound_site_has_nothing_to_say():
    assert not {"find_friend.E010", "find_friend.E011", "find_friend.E012"} & set(found())


def test_no_email_column(monkeypatch):
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "nothing")
    assert "EMAIL_FIELD" in found()["find_friend.E010"].hint


def test_fields_that_sign_up_cannot_fill(monkeypatch):
    model = get_user_model()
    monkeypatch.setattr(model, "REQUIRED_FIELDS", ["first_name", "is_staff", "last_login"])
    assert "find_friend.E011" not in found()
    monkeypatch.setattr(model, "REQUIRED_FIELDS", ["first_name", "password"])
    assert "'password'" in found()["find_friend.E011"].msg


@pytest.mark.parametrize("address", ["https://example.com/", "https://example.com/{uid}"])
def test_links_without_their_parts(configure, address):
    configure(LINKS={"verify_email": address})
    assert "verify_email" in found()["find_friend.E012"].msg
    configure(LINKS={"verify_email": "https://example.com/{uid}/{token}"})
    assert "find_friend.E012" not in found()


@pytest.mark.django_db
class TestDuplicates:
    def test_are_listed_by_key(self, user_factory, has_user_name):
        if not has_user_name:
            pytest.skip("the user model of this project has a unique address")
        users = sorted((user_factory() for _ in range(22)), key=lambda user: user.pk)
        EmailAddress.objects.all().delete()
        get_user_model().objects.update(email="Same@example.com")
        message = found(databases=["default"])["find_friend.W010"]
        assert message.msg.startswith("22 users")
        assert f"{users[0].pk}, {users[1].pk}, " in message.msg
        assert "…" in message.msg
        assert f"{users[21].pk}" not in message.msg.split(": ")[1]
        assert "example.com" not in message.msg
        get_user_model().objects.exclude(pk__in=[user.pk for user in users[:2]]).delete()
        assert "…" not in found(databases=["default"])["find_friend.W010"].msg

    def test_none(self, ann, bob):
        assert "find_friend.W010" not in found(databases=["default"])

    def test_other_databases_are_not_asked(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert check_duplicate_addresses(None, databases=None) == []
            assert check_duplicate_addresses(None, databases=["other"]) == []

    def test_before_the_first_migrate(self, monkeypatch):
        monkeypatch.setattr(connection.introspection, "table_names", list)
        assert check_duplicate_addresses(None, databases=["default"]) == []


@pytest.mark.django_db
def test_cleanup(ann):
    kept = AuthToken.objects.issue(ann)[0]
    idle, expired = AuthToken.objects.issue(ann)[0], AuthToken.objects.issue(ann)[0]
    AuthToken.objects.filter(pk=idle.pk).update(last_used_at=timezone.now() - timedelta(days=31))
    AuthToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    EmailToken.objects.issue(ann, Purpose.RESET, ann.email, timedelta())
    link = EmailToken.objects.issue(ann, Purpose.VERIFY, ann.email, timedelta(hours=1))[0]
    output = io.StringIO()
    call_command("find_friend_cleanup", stdout=output)
    assert list(AuthToken.objects.all()) == [kept]
    assert list(EmailToken.objects.all()) == [link]
    assert "find_friend_accounts: 3" in output.getvalue()
