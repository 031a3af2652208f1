import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser, Group
from django.db import models

from find_friend import users
from find_friend.serializers import UserSerializer

pytestmark = pytest.mark.django_db


@pytest.fixture
def bare_user_model(settings):
    """A site whose users have neither names nor an address nor a switch."""
    settings.AUTH_USER_MODEL = "auth.Group"
    Group.get_email_field_name = classmethod(lambda cls: "email")
    yield Group
    del Group.get_email_field_name


@pytest.fixture
def no_email_column(monkeypatch):
    monkeypatch.setattr(get_user_model(), "EMAIL_FIELD", "no_such_column")


def test_columns_are_looked_up_on_the_model_of_the_site():
    assert users.has_field("first_name")
    assert not users.has_field("no_such_column")
    assert users.email_field() == "email"


def test_a_model_without_an_address(no_email_column):
    assert users.email_field() is None


def test_only_active_users_are_found(ann, bob):
    bob.is_active = False
    bob.save()
    assert list(users.active_users()) == [ann]
    assert users.find_user(ann.pk) == ann
    assert users.find_user(str(ann.pk)) == ann
    assert users.find_user(bob.pk) is None


def test_everybody_is_active_where_there_is_no_switch(bare_user_model):
    member = bare_user_model.objects.create(name="somebody")
    assert users.email_field() is None
    assert list(users.active_users()) == [member]
    assert users.full_name(member) == ""


@pytest.mark.parametrize("pk", [None, "", "nobody", "1" * 500, 10**30, -1, 1.5, [], {}, "\x00", "a\udc80", True, "٣"])
def test_nonsense_is_nobody(pk, db):
    assert users.find_user(pk) is None


def test_what_databases_store():
    assert users.is_storable("Ёж 😀")
    assert not users.is_storable("\udfff")
    assert not users.is_storable(None)


def test_full_name_never_shows_the_user_name(user_factory):
    assert users.full_name(user_factory(first_name="Ann", last_name="Archer")) == "Ann Archer"
    assert users.full_name(user_factory(first_name="", last_name="Archer")) == "Archer"
    assert users.full_name(user_factory(first_name="", last_name="")) == ""
    assert users.full_name(None) == ""


def test_address_is_compared_without_regard_to_case(ann):
    assert users.find_user_by_email("ANN@Example.com") == ann
    assert users.find_user_by_email("nobody@example.com") is None


def test_without_accounts_the_column_decides(uninstall, ann, bob):
    uninstall("find_friend.accounts")
    assert users.find_user_by_email("ANN@Example.com") == ann
    assert users.find_user_by_email("nobody@example.com") is None
    ann.is_active = False
    ann.save()
    assert users.find_user_by_email("ann@example.com") is None


def test_without_accounts_an_address_of_two_is_nobodys(uninstall, ann, bob):
    uninstall("find_friend.accounts")
    bob.email = "Ann@EXAMPLE.com"
    try:
        get_user_model()._default_manager.filter(pk=bob.pk).update(email=bob.email)
    except Exception:  # the model itself forbids it
        pytest.skip("addresses are unique on this model whatever their case")
    assert users.find_user_by_email("ann@example.com") is None


def test_without_accounts_and_an_address_nobody_is_found(uninstall, ann, no_email_column):
    uninstall("find_friend.accounts")
    assert users.find_user_by_email("ann@example.com") is None


class Nameless(AbstractBaseUser):
    """A user model of a site without columns for names."""

    email = models.EmailField()
    nickname = models.CharField(max_length=80)
    title = models.CharField(max_length=80)

    USERNAME_FIELD = "nickname"

    class Meta:
        app_label = "nobody"

    def get_full_name(self):
        return self.title


class Unnamed(AbstractUser):
    """Django's own methods, without the columns that they are made for."""

    first_name = None
    last_name = None
    groups = None
    user_permissions = None

    class Meta:
        app_label = "nobody"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Captain Nemo", "Captain Nemo"),
        (" Captain Nemo ", "Captain Nemo"),
        ("nemo", ""),
        ("nemo@example.com", ""),
        ("Nemo <Nemo@Example.com>", ""),
        ("", ""),
    ],
)
def test_a_model_without_names_has_a_full_name_of_its_own(title, shown):
    user = Nameless(nickname="nemo", email="nemo@example.com", title=title)
    assert users.names(user) == (shown, "")
    assert users.full_name(user) == shown
    card = UserSerializer()
    assert (card.get_first_name(user), card.get_last_name(user)) == (shown, "")


def test_a_full_name_that_is_of_django_alone_is_none():
    assert users.full_name(Unnamed(username="nemo")) == ""


def test_names_come_from_the_columns_where_there_are_such():
    user = get_user_model()(first_name="", last_name="Baker")
    assert users.names(user) == ("", "Baker")
    assert users.names(get_user_model()()) == ("", "")
    assert users.full_name(None) == ""
