import pytest
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.test import Client

from find_friend.accounts.ages import latest_birthday, today
from find_friend.accounts.models import AuthToken, City, EmailAddress, Interest, Profile
from find_friend.accounts.signals import user_deleted
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ME = "users/me/"


@pytest.fixture
def patch(committed, api, ann):
    client = api(ann)
    return lambda data, **kwargs: committed(client.patch, ME, data, **kwargs)


def test_shape_without_a_profile(api, ann):
    answer = api(ann).get("/api/v1/users/me/")
    assert answer.json() == {
        "id": answer.json()["id"],
        "email": "ann@example.com",
        "email_verified": False,
        "first_name": "Ann",
        "last_name": "Archer",
        "birthday": None,
        "age": None,
        "sex": "",
        "city": None,
        "city_name": None,
        "occupation": "",
        "purpose": "",
        "about": "",
        "avatar": None,
        "interests": [],
        "interest_names": [],
    }
    assert str(answer.json()["id"]) == str(ann.pk)
    assert not Profile.objects.exists(), "reading writes nothing"


def test_filling_everything(patch, ann):
    city = City.objects.create(name="Орёл")
    chess, cooking = Interest.objects.create(name="Chess"), Interest.objects.create(name="Cooking")
    born = latest_birthday(30, today())
    changes = {
        "first_name": "Anna",
        "birthday": str(born),
        "city": city.pk,
        "sex": "female",
        "occupation": "Cook",
        "purpose": "Walks",
        "about": "Line one\nline two",
        "interests": [cooking.pk, chess.pk, chess.pk],
    }
    answer = patch(changes)
    assert answer.status_code == 200
    expected = {**changes, "interests": [chess.pk, cooking.pk], "last_name": "Archer", "age": 30}
    expected |= {"city_name": "Орёл", "interest_names": ["Chess", "Cooking"]}
    assert {name: answer.data[name] for name in expected} == expected
    ann.refresh_from_db()
    assert ann.first_name == "Anna"
    assert str(ann.find_friend_profile) == f"Anna Archer ({ann.pk})"
    cleared = patch({"city": None, "birthday": None, "sex": "", "about": "", "interests": []})
    assert cleared.data["city"] is cleared.data["birthday"] is cleared.data["age"] is None
    assert (cleared.data["sex"], cleared.data["interests"], cleared.data["occupation"]) == ("", [], "Cook")


def test_a_form_works_too(patch):
    chess = Interest.objects.create(name="Chess")
    answer = patch({"occupation": "Cook", "interests": [chess.pk]}, format="multipart")
    assert (answer.data["occupation"], answer.data["interests"]) == ("Cook", [chess.pk])


def test_what_nobody_may_change(patch, ann, bob):
    before = get_user_model().objects.values().get(pk=ann.pk)
    sent = {"email": "x@example.com", "email_verified": True, "id": 5, "is_staff": True, "password": "x"}
    assert patch({**sent, "user": str(bob.pk)}).status_code == 200
    assert get_user_model().objects.values().get(pk=ann.pk) == before
    assert not EmailAddress.objects.is_verified(ann)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first_name": "A\nB"}, "first_name"),
        ({"first_name": ""}, "first_name"),
        ({"last_name": None}, "last_name"),
        ({"birthday": "2999-01-01"}, "birthday"),
        ({"birthday": "yesterday"}, "birthday"),
        ({"sex": "robot"}, "sex"),
        ({"city": 999}, "city"),
        ({"city": 10**40}, "city"),
        ({"city": -1}, "city"),
        ({"city": "x"}, "city"),
        ({"interests": [999]}, "interests"),
        ({"interests": 1}, "interests"),
        ({"interests": list(range(1, 60))}, "interests"),
        ({"interests": None}, "interests"),
        ({"about": "x" * 2001}, "about"),
        ({"about": "a\0b"}, "about"),
        ({"avatar": "https://example.com/x.png"}, "avatar"),
    ],
)
def test_wrong_input(patch, change, field):
    answer = patch(change)
    assert (answer.status_code, set(answer.data)) == (400, {field})
    assert not Profile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_city_deleted_at_the_same_moment(api, user_factory):
    """The constraint says so at the end of the transaction."""
    client, city = api(user_factory()), City.objects.create(name="Orel")

    def delete(**kwargs):
        City.objects.all().delete()

    models.signals.pre_save.connect(delete, sender=Profile)
    try:
        answer = client.patch("/api/v1/users/me/", {"city": city.pk}, format="json")
    finally:
        models.signals.pre_save.disconnect(delete, sender=Profile)
    assert (answer.status_code, answer.data["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("patch", "users/me/", {"about": "x"}),
        ("delete", "users/me/", {"current_password": PASSWORD}),
        ("post", "users/set_password/", {"current_password": PASSWORD, "new_password": "a whole new phrase"}),
        ("post", "users/resend_verification/", {}),
        ("post", "auth/token/login/", {"email": "ann@example.com", "password": PASSWORD}),
    ],
)
def test_a_user_deleted_at_the_same_moment(api, ann, method, path, body):
    """Deleted right before the first write: the rows are not there to be locked."""

    def delete(execute, sql, *args):
        locks = sql.startswith("UPDATE") or "FOR " in sql.rpartition(" WHERE ")[2]
        if locks and get_user_model()._meta.db_table in sql:
            get_user_model().objects.filter(pk=pk).delete()
        return execute(sql, *args)

    pk, client = ann.pk, api(ann)
    with connection.execute_wrapper(delete):
        answer = getattr(client, method)(f"/api/v1/{path}", body, format="json")
    assert (answer.status_code, answer.data["code"]) == (404, "user_not_found")


class TestBirthday:
    def test_is_free_without_a_minimum_age(self, patch):
        assert patch({"birthday": "1990-01-01"}).status_code == 200
        assert patch({"birthday": "1991-01-01"}).data["birthday"] == "1991-01-01"

    def test_is_fixed_with_one(self, patch, configure):
        configure(MINIMUM_AGE=18)
        assert patch({"birthday": str(today())}).status_code == 400
        assert patch({"birthday": "1990-01-01"}).status_code == 200
        assert patch({"birthday": "1990-01-01", "about": "same day"}).status_code == 200
        for other in ("1991-01-01", None):
            answer = patch({"birthday": other, "about": "no"})
            assert (answer.status_code, answer.data["code"]) == (409, "birthday_fixed")
        profile = Profile.objects.get()
        assert (str(profile.birthday), profile.about) == ("1990-01-01", "same day")


class TestDelete:
    def test_takes_everything_along(self, committed, api, ann, heard):
        news = []
        user_deleted.connect(lambda user_pk, **kwargs: news.append(user_pk), weak=False, dispatch_uid="test")
        pk, client = ann.pk, api(ann)
        Profile.objects.of(ann)
        assert committed(client.delete, ME, {"current_password": PASSWORD}).status_code == 204
        user_deleted.disconnect(dispatch_uid="test")
        assert not get_user_model().objects.filter(pk=pk).exists()
        assert not [model for model in (AuthToken, Profile, EmailAddress) if model.objects.exists()]
        assert news == [pk]
        assert pk in heard
        assert client.get("/api/v1/users/me/").status_code == 401

    @pytest.mark.parametrize(
        "body", [{}, {"current_password": "wrong"}, {"current_password": None}, {"current_password": ["x"]}]
    )
    def test_needs_the_password(self, committed, api, ann, body):
        answer = committed(api(ann).delete, ME, body)
        assert (answer.status_code, set(answer.data)) == (400, {"current_password"})
        assert get_user_model().objects.filter(pk=ann.pk).exists()

    def test_ends_the_session(self, ann):
        browser = Client()
        browser.force_login(ann)
        body = {"current_password": PASSWORD}
        assert browser.delete("/api/v1/users/me/", body, content_type="application/json").status_code == 204
        assert browser.session.is_empty()

    def test_what_the_site_protects(self, committed, api, ann):
        def protect(instance, **kwargs):
            raise models.ProtectedError("an invoice", {instance})

        models.signals.pre_delete.connect(protect, sender=get_user_model())
        try:
            answer = committed(api(ann).delete, ME, {"current_password": PASSWORD})
        finally:
            models.signals.pre_delete.disconnect(protect, sender=get_user_model())
        assert (answer.status_code, answer.data["code"]) == (409, "account_in_use")
        assert get_user_model().objects.filter(pk=ann.pk).exists()
