"""Each signal is sent once, after the commit, whoever made the change."""

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth import get_user_model, user_logged_out
from django.db import models
from django.test import Client
from django.utils import timezone
from rest_framework.serializers import ValidationError

from find_friend.accounts import mail, passwords, registration, signals
from find_friend.accounts.exceptions import InvalidLink
from find_friend.accounts.models import AuthToken, EmailAddress, EmailToken, Interest, Profile, Purpose
from tests.conftest import PASSWORD
from tests.signals import described, listening, sent_once, signals_of

NEW_PASSWORD = "a whole new phrase"


def refused(error, act):
    def again():
        with pytest.raises(error):
            act()

    return again


def read(user):
    return get_user_model()._default_manager.get(pk=user.pk)


def link_of(user, purpose, email):
    return EmailToken.objects.issue(user, purpose, email, timedelta(hours=1))[0]


def sign_up(ann):
    act = partial(registration.register, email="new@example.com", password=PASSWORD)
    new = get_user_model()._default_manager.exclude(pk=ann.pk)
    return act, refused(ValidationError, act), type(ann), lambda: {"user": new.get()}


def delete(ann):
    pk = ann.pk
    act = get_user_model()._default_manager.filter(pk=pk).delete
    return act, act, type(ann), lambda: {"user_pk": pk}


def set_password(ann):
    def act():
        user = read(ann)
        user.set_password(NEW_PASSWORD)
        user.save()

    return act, lambda: read(ann).save(), type(ann), lambda: {"user": ann}


def ask_for_reset(ann):
    act = partial(mail.send_link, ann, Purpose.RESET, ann.email)
    other = partial(mail.send_link, ann, Purpose.VERIFY, ann.email)
    return act, other, type(ann), lambda: {"user": ann, "email": "ann@example.com"}


def reset(ann):
    act = partial(passwords.change, ann, NEW_PASSWORD, link=link_of(ann, Purpose.RESET, ann.email))
    return act, refused(InvalidLink, act), type(ann), lambda: {"user": ann}


def ask_for_verification(ann):
    act = partial(mail.send_link, ann, Purpose.VERIFY, ann.email)
    other = partial(mail.send_link, ann, Purpose.RESET, ann.email)
    return act, other, type(ann), lambda: {"user": ann, "email": "ann@example.com"}


def verify(ann):
    act = partial(EmailAddress.objects.verify, ann)
    return act, act, type(ann), lambda: {"user": ann, "email": "ann@example.com"}


def ask_for_change(ann):
    act = partial(mail.send_link, ann, Purpose.CHANGE, "new@example.com")
    other = partial(mail.send_link, ann, Purpose.VERIFY, ann.email)
    return act, other, type(ann), lambda: {"user": ann, "email": "new@example.com"}


def change_email(ann):
    link_of(ann, Purpose.CHANGE, "new@example.com")
    late = EmailToken.objects.get()
    arguments = {"user": ann, "old_email": "ann@example.com", "new_email": "new@example.com"}
    return (
        lambda: EmailToken.objects.get().change_email(),
        refused(InvalidLink, late.change_email),
        type(ann),
        (lambda: arguments),
    )


def sign_in(ann):
    act = partial(AuthToken.objects.issue, ann, "phone")
    return act, lambda: AuthToken.objects.get().touch(), AuthToken, lambda: {"token": AuthToken.objects.get()}


def sign_out(ann):
    token, _key = AuthToken.objects.issue(ann)
    late, pk = AuthToken.objects.get(), token.pk
    return lambda: AuthToken.objects.get().revoke(), late.revoke, AuthToken, lambda: {"user_pk": ann.pk, "token_pk": pk}


def sign_out_everywhere(ann):
    AuthToken.objects.issue(ann)
    AuthToken.objects.issue(ann)
    act = partial(AuthToken.objects.revoke_all, ann)
    return act, act, AuthToken, lambda: {"user": ann}


def change_profile(ann):
    chess = Interest.objects.create(name="chess")

    def act():
        Profile.objects.change(read(ann), first_name="Anna", last_name="Archer", about="Hello!", interests=[chess.pk])

    return act, act, Profile, lambda: {"user": ann, "changed": ["about", "first_name", "interests"]}


STORIES = {
    "user_registered": sign_up,
    "user_deleted": delete,
    "password_changed": set_password,
    "password_reset_requested": ask_for_reset,
    "password_reset_completed": reset,
    "email_verification_requested": ask_for_verification,
    "email_verified": verify,
    "email_change_requested": ask_for_change,
    "email_changed": change_email,
    "token_issued": sign_in,
    "token_revoked": sign_out,
    "all_tokens_revoked": sign_out_everywhere,
    "profile_changed": change_profile,
}


def test_every_signal_has_a_story():
    assert signals_of(signals).keys() == STORIES.keys()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", STORIES)
def test_sent_once_after_the_commit(name, ann):
    act, again, sender, arguments = STORIES[name](ann)
    assert sent_once(getattr(signals, name), act, again) == (sender, arguments())
    assert described(name) == (sender.__name__, set(arguments()))


def texts(value):
    """Every text that a receiver could read from an argument."""
    if isinstance(value, models.Model):
        return [str(each) for each in vars(value).values()]
    return [str(value)]


@pytest.mark.django_db(transaction=True)
def test_nothing_secret_is_told(api, link):
    with listening(*signals_of(signals).values()) as news:
        person = {"email": "new@example.com", "password": PASSWORD, "first_name": "New", "last_name": "Person"}
        assert api().post("/api/v1/users/", person).status_code == 201
        secrets = [PASSWORD, NEW_PASSWORD, link()["token"]]
        api().post("/api/v1/users/verify_email/", link())
        api().post("/api/v1/users/reset_password/", {"email": "new@example.com"})
        secrets.append(link()["token"])
        body = {**link(), "new_password": NEW_PASSWORD}
        assert api().post("/api/v1/users/reset_password/confirm/", body).status_code == 204
        answer = api().post("/api/v1/auth/token/login/", {"email": "new@example.com", "password": NEW_PASSWORD})
        secrets.append(answer.data["auth_token"])
    told = [text for _sender, arguments in news for value in arguments.values() for text in texts(value)]
    assert len(news) == 7
    assert [secret for secret in secrets for text in told if secret in text] == []


@pytest.mark.django_db(transaction=True)
class TestPassword:
    @pytest.fixture
    def news(self):
        with listening(signals.password_changed) as news:
            yield news

    def test_set_by_its_owner(self, api, ann, news):
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert api(ann).post("/api/v1/users/set_password/", body).status_code == 204
        assert [arguments for _sender, arguments in news] == [{"user": ann}]

    def test_a_newer_hash_is_no_other_password(self, ann, settings, news):
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
        before = ann.password
        assert ann.check_password(PASSWORD)
        assert read(ann).password != before
        assert news == []

    def test_one_that_is_not_saved_is_none(self, ann, news):
        ann.set_password(NEW_PASSWORD)
        ann.save(update_fields=["is_active"])
        assert news == []

    def test_a_new_user_has_not_changed_it(self, user_factory, news):
        user_factory()
        assert news == []


@pytest.mark.django_db(transaction=True)
class TestTokens:
    @pytest.fixture
    def news(self):
        with listening(signals.token_revoked, signals.all_tokens_revoked) as news:
            yield news

    def test_the_one_that_makes_room(self, ann, configure, news):
        configure(TOKENS_PER_USER=1)
        first, _key = AuthToken.objects.issue(ann)
        AuthToken.objects.issue(ann)
        assert news == [(AuthToken, {"user_pk": ann.pk, "token_pk": first.pk})]

    def test_expired_ones_have_ended_before(self, ann, news):
        AuthToken.objects.issue(ann)
        AuthToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        AuthToken.objects.expired().delete()
        assert news == []

    def test_a_deactivated_user_has_none_left(self, ann, news):
        AuthToken.objects.issue(ann)
        ann.is_active = False
        ann.save()
        ann.save()
        assert news == [(AuthToken, {"user": ann})]

    def test_removed_in_the_admin(self, staff, ann, news):
        pks = {AuthToken.objects.issue(ann)[0].pk for _ in range(2)}
        browser = Client()
        browser.force_login(staff)
        chosen = {"action": "delete_selected", "_selected_action": list(map(str, pks)), "post": "yes"}
        assert browser.post("/admin/find_friend_accounts/authtoken/", chosen).status_code == 302
        assert {arguments["token_pk"] for _sender, arguments in news} == pks

    @pytest.mark.parametrize("by_session", [True, False])
    def test_signing_out_everywhere_is_told_once(self, api, ann, news, by_session):
        client = api(ann)
        if by_session:
            client = Client()
            client.force_login(ann)
            AuthToken.objects.issue(ann)
        with listening(user_logged_out) as left:
            assert client.post("/api/v1/auth/token/logout-all/").status_code == 204
        assert news == [(AuthToken, {"user": ann})]
        assert [arguments["user"] for _sender, arguments in left] == [ann]


@pytest.mark.django_db(transaction=True)
class TestProfile:
    @pytest.fixture
    def news(self):
        with listening(signals.profile_changed) as news:
            yield news

    def test_changed_by_its_owner(self, api, ann, news):
        client = api(ann)
        for _ in range(2):
            body = {"about": "Hello!", "first_name": "Anna", "sex": ""}
            assert client.patch("/api/v1/users/me/", body, format="json").status_code == 200
        assert news == [(Profile, {"user": ann, "changed": ["about", "first_name"]})]

    def test_changed_in_the_admin(self, staff, ann, news):
        profile = Profile.objects.of(ann)
        browser = Client()
        browser.force_login(staff)
        address = f"/admin/find_friend_accounts/profile/{profile.pk}/change/"
        for _ in range(2):
            assert browser.post(address, {"user": ann.pk, "about": "Hello!"}).status_code == 302
        assert news == [(Profile, {"user": ann, "changed": ["about"]})]

    def test_a_picture_removed_in_the_admin(self, staff, ann, news):
        Profile.objects.create(user=ann, avatar="find_friend/avatars/a.webp")
        browser = Client()
        browser.force_login(staff)
        chosen = {"action": "remove_avatar", "_selected_action": [Profile.objects.get().pk]}
        assert browser.post("/admin/find_friend_accounts/profile/", chosen).status_code == 302
        assert news == [(Profile, {"user": ann, "changed": ["avatar"]})]
        Profile.objects.change(ann, avatar=None)
        assert len(news) == 1

    def test_an_interest_taken_away(self, ann, news):
        chess, go = (Interest.objects.create(name=name) for name in ("chess", "go"))
        Profile.objects.change(ann, interests=[chess.pk, go.pk])
        Profile.objects.change(ann, interests=[go.pk])
        assert list(Profile.objects.get().interests.all()) == [go]
        assert [arguments["changed"] for _sender, arguments in news] == [["interests"]] * 2

    def test_what_a_profile_does_not_have(self, ann, news):
        with pytest.raises(TypeError, match="hair, shoes"):
            Profile.objects.change(ann, about="Hello!", shoes=42, hair="red")
        assert not Profile.objects.exists()
