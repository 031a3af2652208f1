import pytest
from django.contrib.auth import get_user_model

from find_friend.accounts.ages import today
from find_friend.accounts.models import EmailAddress, Profile
from find_friend.accounts.registration import register
from find_friend.accounts.serializers import NamesSerializer, SignupSerializer
from find_friend.accounts.signals import user_registered
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

PERSON = {"email": "New.Person@Example.com", "password": PASSWORD, "first_name": "Анна-Мария", "last_name": "O'Neill"}


def test_signing_up(committed, api, mailoutbox, link):
    news = []
    user_registered.connect(lambda user, **kwargs: news.append(user), weak=False, dispatch_uid="test")
    answer = committed(api().post, "users/", {**PERSON, "birthday": "2000-02-29"})
    user_registered.disconnect(dispatch_uid="test")
    assert answer.status_code == 201
    user = get_user_model().objects.get()
    assert news == [user]
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (False, False)
    assert str(answer.data["id"]) == str(user.pk)
    assert answer.data["email"] == user.email == "new.person@example.com"
    assert answer.data["first_name"] == "Анна-Мария"
    assert answer.data["birthday"] == "2000-02-29"
    assert answer.data["email_verified"] is False
    assert not {"password", "username"} & set(answer.data)
    assert mailoutbox[0].to == ["new.person@example.com"]
    assert committed(api().post, "users/verify_email/", link()).status_code == 204
    assert EmailAddress.objects.is_verified(user)


def test_without_verification_no_mail(committed, api, configure, mailoutbox):
    configure(EMAIL_VERIFICATION="off")
    assert committed(api().post, "users/", PERSON).status_code == 201
    assert mailoutbox == []
    assert not Profile.objects.exists()


def test_a_form_works_too(committed, api):
    assert committed(api().post, "users/", PERSON, format="multipart").status_code == 201


def test_a_taken_address(committed, api, ann):
    answer = committed(api().post, "users/", {**PERSON, "email": " ANN@example.com"})
    assert answer.status_code == 400
    assert answer.data["email"][0].code == "unique"
    assert get_user_model().objects.count() == 1


def test_the_database_has_the_last_word(ann):
    """Whoever passed the look-up a moment too early meets the constraint."""
    from rest_framework.serializers import ValidationError

    with pytest.raises(ValidationError) as caught:
        register(email="ann@example.com", password=PASSWORD, first_name="A", last_name="B")
    assert caught.value.detail["email"][0].code == "unique"
    assert get_user_model().objects.count() == 1


def test_any_other_conflict_in_the_database_is_told_alike(db):
    from django.db import IntegrityError
    from django.db.models.signals import pre_save
    from rest_framework.serializers import ValidationError

    def clash(**kwargs):
        raise IntegrityError

    pre_save.connect(clash, sender=get_user_model())
    try:
        with pytest.raises(ValidationError):
            register(email="a@example.com", password=PASSWORD)
    finally:
        pre_save.disconnect(clash, sender=get_user_model())


def test_what_is_missing_is_told_by_field(api):
    answer = api().post("/api/v1/users/", {}, format="json")
    assert answer.status_code == 400
    assert set(answer.data) == {"email", "password", "first_name", "last_name"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@example.com\r\nBcc: b@example.com"}, "email"),
        ({"email": f"{'a' * 250}@example.com"}, "email"),
        ({"password": "12345678"}, "password"),
        ({"password": "new.person@example"}, "password"),
        ({"password": "x" * 4097}, "password"),
        ({"password": "   "}, "password"),
        ({"first_name": "Ann\nBcc"}, "first_name"),
        ({"first_name": "x" * 151}, "first_name"),
        ({"last_name": ""}, "last_name"),
        ({"birthday": "2999-01-01"}, "birthday"),
        ({"birthday": "1800-01-01"}, "birthday"),
        ({"birthday": "2023-02-29"}, "birthday"),
    ],
)
def test_wrong_input(api, change, field):
    answer = api().post("/api/v1/users/", {**PERSON, **change}, format="json")
    assert (answer.status_code, set(answer.data)) == (400, {field})
    assert not get_user_model().objects.exists()


def test_minimum_age(api, configure):
    configure(MINIMUM_AGE=18)
    for birthday in ({}, {"birthday": None}, {"birthday": str(today().replace(day=1, year=today().year - 17))}):
        answer = api().post("/api/v1/users/", {**PERSON, **birthday}, format="json")
        assert (answer.status_code, set(answer.data)) == (400, {"birthday"})
    grown = str(today().replace(day=1, year=today().year - 18))
    assert api().post("/api/v1/users/", {**PERSON, "birthday": grown}, format="json").status_code == 201


def test_user_names_are_invented(committed, api, has_user_name, ann):
    if not has_user_name:
        pytest.skip("the user model of this project has no user names")
    committed(api().post, "users/", PERSON)
    assert len(get_user_model().objects.exclude(pk=ann.pk).get().get_username()) == 32
    assert api(ann).get("/api/v1/users/").content.count(b"username") == 0


def test_a_manager_without_create_user(committed, api, has_user_name, monkeypatch):
    if not has_user_name:
        pytest.skip("one kind of manager is enough")
    monkeypatch.delattr("django.contrib.auth.models.UserManager.create_user")
    assert committed(api().post, "users/", PERSON).status_code == 201
    assert get_user_model().objects.get().check_password(PASSWORD)


def test_user_models_without_names(settings):
    settings.AUTH_USER_MODEL = "auth.Group"
    assert NamesSerializer().fields == {}
    assert set(SignupSerializer().fields) == {"email", "password", "birthday"}


def test_guests_only_in_so_far_as_nobody_is_authenticated(api):
    client = api()
    client.credentials(HTTP_AUTHORIZATION="Token ff_nonsense")
    assert client.post("/api/v1/users/", PERSON, format="json").status_code == 201
    assert client.get("/api/v1/users/").status_code == 401
