import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from find_friend.accounts.base_user import AbstractEmailUser, EmailUserManager


class Person(AbstractEmailUser):
    class Meta:
        app_label = "tests_base_user"
        managed = False


def test_addresses_are_lower_case():
    person = Person(email=" Ann@Example.COM ", first_name="Ann", last_name="Archer", password="x")
    person.clean()
    assert person.email == "ann@example.com"
    assert (person.get_full_name(), person.get_short_name(), str(person)) == ("Ann Archer", "Ann", "ann@example.com")


def test_names_are_checked():
    with pytest.raises(ValidationError) as caught:
        Person(email="a@example.com", first_name="A\nB", password="x").clean_fields()
    assert set(caught.value.message_dict) == {"first_name"}


def test_the_manager(monkeypatch):
    saved = []
    monkeypatch.setattr(models.Model, "save", lambda self, **kwargs: saved.append(self))
    made = Person.objects.create_user("Ann@Example.com", "secret", first_name="Ann")
    boss = Person.objects.create_superuser("boss@example.com", "secret")
    assert saved == [made, boss]
    assert made.email == "ann@example.com"
    assert made.check_password("secret")
    assert [(user.is_staff, user.is_superuser) for user in saved] == [(False, False), (True, True)]
    with pytest.raises(ValueError, match="address"):
        Person.objects.create_user("")


def test_natural_keys(monkeypatch):
    monkeypatch.setattr(EmailUserManager, "filter", lambda self, email: self.none())
    monkeypatch.setattr(EmailUserManager, "get", lambda self, email: email)
    assert Person.objects.get_by_natural_key(" ANN@example.com") == "ann@example.com"
    assert Person.objects.get_by_natural_key(None) == ""


@pytest.mark.django_db
def test_in_a_site_that_uses_it(user_factory):
    model = get_user_model()
    if model.USERNAME_FIELD != "email":
        pytest.skip("this project has Django's user model")
    user = user_factory(email="Mixed@Example.com", password="x")
    assert model.objects.get().email == "mixed@example.com"
    assert authenticate(username="MIXED@example.com", password="x") == user
    old = model(email="Old@Example.com", password=user.password)
    model.objects.bulk_create([old])  # past save()
    assert authenticate(username="Old@Example.com", password="x") == model.objects.get(email="Old@Example.com")
    with transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        user_factory(email="MIXED@EXAMPLE.COM")
