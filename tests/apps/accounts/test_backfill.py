import io

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from find_friend.accounts.backfill import backfill
from find_friend.accounts.checks import check_backfill
from find_friend.accounts.models import EmailAddress
from find_friend.users import has_field

pytestmark = pytest.mark.django_db


def users():
    return get_user_model()._default_manager


@pytest.fixture
def people(user_factory):
    """Seven users in key order, as they were before the package came."""
    for number in range(7):
        user_factory(email=f"Person{number}@Example.com")
    EmailAddress.objects.all().delete()
    return list(users().order_by("pk"))


def command(*arguments, **options):
    output = io.StringIO()
    call_command("find_friend_backfill", *arguments, stdout=output, **options)
    return output.getvalue()


def test_everybody_gets_a_row(people):
    assert command() == "7 users looked at: 7 rows written, 0 left out who have no address or share one.\n"
    for user in people:
        row = EmailAddress.objects.get(user=user)
        assert row.is_current
        assert row.verified_at is None


def test_a_second_run_writes_nothing(people):
    command()
    before = list(EmailAddress.objects.order_by("pk").values_list("pk", "modified"))
    assert "7 users looked at: 0 rows written" in command()
    assert list(EmailAddress.objects.order_by("pk").values_list("pk", "modified")) == before


def test_a_dry_run_says_the_same_and_writes_nothing(people):
    assert "7 rows would be written" in command(dry_run=True)
    assert not EmailAddress.objects.exists()


def test_one_that_was_stopped_goes_on(people):
    run = backfill(batch_size=3)
    assert next(run).last == people[2].pk
    run.close()
    assert EmailAddress.objects.count() == 3
    assert "4 users looked at: 4 rows written" in command(after=str(people[2].pk), batch_size=2, verbosity=0)
    assert EmailAddress.objects.count() == 7


def test_batches_are_named(people):
    lines = command(batch_size=3, verbosity=2).splitlines()
    assert lines[:-1] == [f"{seen} users, the last one {people[seen - 1].pk}" for seen in (3, 6, 7)]


def test_queries_do_not_grow_with_the_users(people, django_assert_num_queries):
    with django_assert_num_queries(6 + 2):  # shared ones, users, rows, owners, one write, no more users; a savepoint
        list(backfill(batch_size=100))


def test_outdated_rows_are_replaced(people):
    command()
    EmailAddress.objects.verify(people[0])
    freed = people[0].email.lower()
    users().filter(pk=people[0].pk).update(email="elsewhere@example.com")
    users().filter(pk=people[1].pk).update(email=freed)
    users().filter(pk=people[2].pk).update(email="x")
    assert "3 rows written" in command(batch_size=1)
    found = dict(EmailAddress.objects.values_list("user", "email"))
    assert [found[user.pk] for user in people[:3]] == ["elsewhere@example.com", freed, "x"]
    assert EmailAddress.objects.get(user=people[0]).verified_at is None


def test_who_has_no_address_gets_no_row(people):
    users().filter(pk=people[0].pk).update(email="")
    command()
    assert not EmailAddress.objects.filter(user=people[0]).exists()


def test_an_address_of_two_is_nobodys(people):
    if not has_field("username") and get_user_model()._meta.get_field("email").unique:
        pytest.skip("addresses are unique on this model")
    users().filter(pk__in=[user.pk for user in people[:2]]).update(email="Same@example.com")
    assert "5 rows written, 2 left out" in command()
    assert EmailAddress.objects.user_for("same@example.com") is None


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_batch_has_at_least_one_user(people, size):
    with pytest.raises(CommandError, match=r"--batch-size: .* is not a positive number"):
        command(f"--batch-size={size}")


def test_a_key_that_is_none_is_told(people):
    if get_user_model()._meta.pk.get_internal_type() == "CharField":
        pytest.skip("every text is a key of these users")
    with pytest.raises(CommandError, match="is no key of a user"):
        command(after="no\0key")


class TestBackfilled:
    @pytest.fixture(autouse=True)
    def _set(self, configure):
        configure(EMAIL_BACKFILLED=True)

    def test_the_table_of_users_is_not_read_for_an_unknown_address(self, people, django_assert_num_queries):
        command()
        with django_assert_num_queries(1):
            assert EmailAddress.objects.user_for("nobody@example.com") is None
        with django_assert_num_queries(1):
            assert not EmailAddress.objects.is_taken("nobody@example.com")
        assert EmailAddress.objects.user_for("PERSON3@example.com").email.lower() == "person3@example.com"

    def test_newcomers_get_their_row_as_before(self, api, people):
        command()
        body = {"email": "new@example.com", "password": "correct horse battery", "first_name": "A", "last_name": "B"}
        assert api().post("/api/v1/users/", body).status_code == 201
        assert EmailAddress.objects.user_for("new@example.com").first_name == "A"
        assert api().post("/api/v1/users/", body).status_code == 400

    def test_users_without_a_row_are_reported(self, people):
        (warning,) = check_backfill(None, databases=["default"])
        assert (warning.id, "7 users" in warning.msg) == ("find_friend.W011", True)
        assert EmailAddress.objects.user_for("person3@example.com") is None
        command()
        assert check_backfill(None, databases=["default"]) == []
        assert check_backfill(None, databases=[]) == []
        assert "find_friend.W011" not in {message.id for message in run_checks(databases=["default"])}


def test_nothing_is_reported_where_the_setting_is_off(people):
    assert check_backfill(None, databases=["default"]) == []
