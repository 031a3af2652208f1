"""Two at the same moment: the database decides. These need a database with several writers."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from find_friend.accounts.exceptions import InvalidLink
from find_friend.accounts.models import AuthToken, EmailAddress, EmailToken, Profile, Purpose
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def race(configure, unlimited):
    """``race(call, 5)`` runs ``call(0)`` … ``call(4)`` at once and returns their results or errors."""

    def run(call, count):
        barrier, results = threading.Barrier(count), [None] * count

        def one(number):
            barrier.wait(10)
            try:
                results[number] = call(number)
            except Exception as error:
                results[number] = error
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return results

    configure(PASSWORD_HASH_SLOTS=50)
    return run


@pytest.mark.parametrize("_round", range(5))
def test_sign_up(race, api, _round):
    spellings = ["ann@example.com", "Ann@example.com", "ANN@EXAMPLE.COM", "aNN@example.com", "ann@Example.com"]

    def sign_up(number):
        body = {"email": spellings[number], "password": PASSWORD, "first_name": "Ann", "last_name": "A"}
        return api().post("/api/v1/users/", body, format="json")

    answers = race(sign_up, 5)
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400]
    assert {answer.data["email"][0].code for answer in answers if answer.status_code == 400} == {"unique"}
    assert get_user_model().objects.count() == EmailAddress.objects.count() == 1


def test_signing_in_keeps_within_the_number_of_devices(race, user_factory, configure):
    ann = user_factory()
    configure(TOKENS_PER_USER=3)
    race(lambda number: AuthToken.objects.issue(ann), 8)
    assert AuthToken.objects.count() == 3


def test_links_are_spent_once(race, user_factory):
    ann = user_factory()
    row, secret = EmailToken.objects.issue(ann, Purpose.VERIFY, ann.email, timedelta(hours=1))

    def verify(number):
        EmailToken.objects.check_link(str(row.pk), secret, Purpose.VERIFY).verify_email()
        return "done"

    results = race(verify, 5)
    assert results.count("done") == 1
    assert sum(isinstance(result, InvalidLink) for result in results) == 4


def test_new_links_replace_each_other(race, user_factory):
    ann = user_factory()
    results = race(lambda number: EmailToken.objects.issue(ann, Purpose.RESET, ann.email, timedelta(hours=1)), 5)
    assert not [result for result in results if isinstance(result, Exception)]
    assert EmailToken.objects.count() == 1


def test_guesses_at_once_are_all_counted(race, user_factory, configure):
    ann = user_factory()
    configure(EMAIL_TOKEN_TRIES=3)
    row, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, timedelta(hours=1))
    race(lambda number: EmailToken.objects.check_link(str(row.pk), "wrong", Purpose.RESET), 8)
    row.refresh_from_db()
    assert row.tries == 3
    with pytest.raises(InvalidLink):
        EmailToken.objects.check_link(str(row.pk), secret, Purpose.RESET)


def test_one_address_wanted_by_two(race, user_factory):
    users = [user_factory(email=f"{number}@example.com") for number in range(4)]
    links = [EmailToken.objects.issue(user, Purpose.CHANGE, "wanted@example.com", timedelta(hours=1)) for user in users]

    def change(number):
        row, secret = links[number]
        return EmailToken.objects.check_link(str(row.pk), secret, Purpose.CHANGE).change_email()

    results = race(change, 4)
    assert sum(isinstance(result, str) for result in results) == 1
    assert {type(result).__name__ for result in results} == {"str", "EmailTaken"}
    assert get_user_model().objects.filter(email="wanted@example.com").count() == 1


def test_one_profile_for_a_user(race, user_factory, api):
    ann = user_factory()
    client = [api(ann) for _ in range(5)]
    answers = race(lambda number: client[number].patch("/api/v1/users/me/", {"about": str(number)}, format="json"), 5)
    assert {answer.status_code for answer in answers} == {200}
    assert Profile.objects.count() == 1
