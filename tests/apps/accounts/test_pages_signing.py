"""Signing up, in and out, new passwords and addresses, on pages."""

import re

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save
from rest_framework import serializers

from find_friend import users
from find_friend.accounts import mail
from find_friend.accounts.models import AuthToken, EmailAddress, Profile
from find_friend.accounts.signals import user_registered
from tests.apps.accounts.conftest import API, NEW_PASSWORD, url
from tests.conftest import PASSWORD, text_of

pytestmark = pytest.mark.django_db
WRONG = "Wrong e-mail address or password."
TOO_OFTEN = "That was a little too often."
HOME = "/"


def is_signed_in(client):
    return SESSION_KEY in client.session


@pytest.fixture
def post(django_capture_on_commit_callbacks):
    """Sends a form and runs what waits for the commit."""

    def send(client, name, data=None, *args, **options):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(url(name, *args), data or {}, **options)

    return send


@pytest.fixture
def mailed(mailoutbox, configure):
    """The path of the link in the last mail."""
    configure(PAGES_ORIGIN="https://example.com")

    def path():
        return re.search(r"^https://example\.com(/\S+)$", mailoutbox[-1].body, re.M)[1]

    return path


# sign in and out


def test_signing_in(page, ann):
    client, heard = page(), []
    user_logged_in.connect(lambda user, **kwargs: heard.append(user.pk), weak=False, dispatch_uid="test")
    answer = client.post(url("sign-in"), {"email": " ANN@example.com ", "password": PASSWORD})
    user_logged_in.disconnect(dispatch_uid="test")
    assert (answer.status_code, answer["Location"]) == (302, HOME)
    assert is_signed_in(client)
    assert heard == [ann.pk]


def test_signing_in_leads_back(page, ann):
    given = {"email": "ann@example.com", "password": PASSWORD}
    assert page().post(url("sign-in") + "?next=/account/", given)["Location"] == "/account/"
    assert page().post(url("sign-in") + "?next=//elsewhere.example", given)["Location"] == HOME
    form = text_of(page().get(url("sign-in") + "?next=/account/"))
    assert f'href="{url("sign-up")}?next=/account/"' in form


def test_one_answer_for_a_wrong_password_and_an_unknown_address(page, ann):
    for email in ("ann@example.com", "nobody@example.com"):
        client = page()
        answer = client.post(url("sign-in"), {"email": email, "password": "wrong"})
        assert answer.status_code == 400
        assert answer.context["form"].errors == {"__all__": [WRONG]}
        assert f'value="{email}"' in text_of(answer)
        assert "wrong" not in text_of(answer)
        assert not is_signed_in(client)


def test_tries_on_the_page_and_over_the_api_are_counted_together(page, api, ann):
    wrong = {"email": "ann@example.com", "password": "wrong"}
    for _ in range(3):
        assert page().post(url("sign-in"), wrong).status_code == 400
    for _ in range(2):
        assert api().post(f"{API}auth/token/login/", wrong).status_code == 400
    answer = page().post(url("sign-in"), wrong)
    assert answer.status_code == 429
    assert TOO_OFTEN in text_of(answer)
    assert int(answer["Retry-After"]) > 0
    assert api().post(f"{API}auth/token/login/", wrong).status_code == 429


def test_the_right_password_forgives(page, ann):
    for _ in range(3):
        for _ in range(3):
            page().post(url("sign-in"), {"email": "ann@example.com", "password": "wrong"})
        right = {"email": "ann@example.com", "password": PASSWORD}
        assert page().post(url("sign-in"), right).status_code == 302


class LosingTheAccount(ModelBackend):
    def authenticate(self, request, **given):
        user = super().authenticate(request, **given)
        type(user).objects.filter(pk=user.pk).delete()
        return user


def test_an_account_that_goes_while_it_is_signed_in(page, ann, settings):
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.LosingTheAccount"]
    answer = page().post(url("sign-in"), {"email": ann.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert WRONG in text_of(answer)


def test_who_is_signed_in_needs_no_form(page, ann):
    client = page(ann)
    assert client.get(url("sign-in"))["Location"] == HOME
    assert client.get(url("sign-up"))["Location"] == url("profile")


def test_signing_out(page, ann, heard, post):
    client = page(ann)
    assert "Sign out" in text_of(client.get(url("profile")))
    answer = post(client, "sign-out", follow=True)
    assert "You are signed out." in text_of(answer)
    assert not is_signed_in(client)
    assert heard == [ann.pk]
    assert client.get(url("profile")).status_code == 302
    assert post(client, "sign-out").status_code == 302


# sign up


NEW = {"first_name": "New", "last_name": "Name", "email": "new@example.com", "password": NEW_PASSWORD}


def test_signing_up(page, post, mailoutbox, mailed):
    client, heard = page(), []
    user_registered.connect(lambda user, **kwargs: heard.append(user), weak=False, dispatch_uid="test")
    answer = post(client, "sign-up", {**NEW, "birthday": "2001-02-03"}, follow=True)
    user_registered.disconnect(dispatch_uid="test")
    assert answer.redirect_chain == [(url("profile"), 302)]
    shown = text_of(answer)
    assert 0 < shown.index("Welcome!") < shown.index("A mail is on its way to you.")
    assert is_signed_in(client)
    (user,) = heard
    assert EmailAddress.objects.user_for("new@example.com") == user
    assert str(Profile.objects.of(user).birthday) == "2001-02-03"
    assert client.get(mailed()).status_code == 200
    assert not EmailAddress.objects.is_verified(user)
    answer = client.post(mailed(), follow=True)
    assert "Your address is confirmed." in text_of(answer)
    assert EmailAddress.objects.is_verified(user)


def test_signing_up_without_mails(page, post, mailoutbox, configure):
    configure(EMAIL_VERIFICATION="off")
    answer = post(page(), "sign-up", NEW, follow=True)
    assert "Welcome!" in text_of(answer)
    assert "A mail is on its way" not in text_of(answer)
    assert mailoutbox == []


def test_links_of_the_site_come_first(page, post, mailoutbox, configure):
    link = "https://app.example.com/?uid={uid}&token={token}"
    configure(PAGES_ORIGIN="https://example.com", LINKS={"verify_email": link})
    post(page(), "sign-up", NEW)
    assert "https://app.example.com/?uid=" in mailoutbox[-1].body
    assert "https://example.com" not in mailoutbox[-1].body


def test_mails_of_the_api_lead_to_the_pages_too(api, committed, mailed, page):
    committed(api().post, "users/", NEW)
    assert "Your address is confirmed." in text_of(page().post(mailed(), follow=True))


def test_a_site_without_our_pages_has_no_links_to_them(configure, settings):
    configure(PAGES_ORIGIN="https://example.com")
    settings.ROOT_URLCONF = "tests.apps.core.bare_urls"
    assert mail.page_for("verify_email", "uid", "token") == ""


def test_a_code_instead_of_a_link(page, ann, post, link):
    """Where PAGES_ORIGIN is not set, since no mail trusts the host of a request."""
    post(page(), "password-reset", {"email": "ann@example.com"})
    shown = page().post(url("password-reset-code"), link())
    assert shown["Location"] == url("password-reset-confirm", link()["uid"], link()["token"])
    for nonsense in ({"uid": "a/b", "token": "x"}, {"uid": "", "token": "x"}, {"uid": "\0", "token": "x"}):
        answer = page().post(url("password-reset-code"), nonsense)
        assert answer.status_code in (200, 400)
        assert answer.context["form"].errors


def test_sign_up_has_the_rules_of_the_api(page, ann, configure):
    configure(MINIMUM_AGE=18)
    given = {"first_name": "N3w", "last_name": "", "email": "Ann@example.com", "password": "12345678"}
    answer = page().post(url("sign-up"), {**given, "birthday": "2020-01-01"})
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert set(errors) == {"first_name", "last_name", "email", "birthday", "password"}
    assert errors["email"] == ["This address is taken."]
    answer = page().post(url("sign-up"), {**NEW, "birthday": "2020-01-01"})
    assert answer.context["form"].errors == {"birthday": ["You are too young for this site."]}
    answer = page().post(url("sign-up"), NEW)
    assert answer.context["form"].errors == {"birthday": ["This field is required."]}
    assert get_user_model()._default_manager.count() == 1


def test_a_strong_password_is_not_marked_beside_a_wrong_address(page):
    answer = page().post(url("sign-up"), {**NEW, "email": "nothing"})
    assert list(answer.context["form"].errors) == ["email"]


def test_a_weak_password_is_told_beside_a_wrong_address(page):
    answer = page().post(url("sign-up"), {**NEW, "email": "nothing", "password": "password"})
    assert set(answer.context["form"].errors) == {"email", "password"}
    assert answer.context["form"].errors["password"] == ["This password is too common."]


def test_a_weak_password_is_told(page):
    answer = page().post(url("sign-up"), {**NEW, "password": "password"})
    assert "This password is too common." in answer.context["form"].errors["password"]


def test_who_is_looked_at_first_signs_in_later(page, post):
    if not users.has_field("is_active"):
        pytest.skip("this user model has no such column")

    def hold_back(sender, instance, created, **kwargs):
        if created:
            sender._default_manager.filter(pk=instance.pk).update(is_active=False)

    post_save.connect(hold_back, sender=get_user_model(), dispatch_uid="test")
    answer = post(page(), "sign-up", NEW, follow=True)
    post_save.disconnect(sender=get_user_model(), dispatch_uid="test")
    assert answer.redirect_chain == [(url("sign-in"), 302)]
    assert "Your account is ready." in text_of(answer)


class ShortSignup(serializers.Serializer):
    email = serializers.EmailField()
    password = serializers.CharField(style={"input_type": "password"})
    nickname = serializers.CharField(label="Nickname", max_length=5)


def test_a_form_follows_the_serializer_of_the_site(page, configure):
    configure(SERIALIZERS={"signup": f"{__name__}.ShortSignup"})
    shown = page().get(url("sign-up"))
    assert list(shown.context["form"].fields) == ["email", "password", "nickname"]
    assert "Nickname" in text_of(shown)
    answer = page().post(url("sign-up"), {**NEW, "nickname": "too long"})
    assert list(answer.context["form"].errors) == ["nickname"]


# passwords


def test_another_password(page, ann, post):
    here, elsewhere = page(ann), page(ann)
    AuthToken.objects.issue(ann)
    wrong = post(here, "password", {"current_password": "wrong", "new_password": NEW_PASSWORD})
    assert wrong.context["form"].errors == {"current_password": ["Wrong password."]}
    weak = post(here, "password", {"current_password": PASSWORD, "new_password": "12345678"})
    assert list(weak.context["form"].errors) == ["new_password"]
    answer = post(here, "password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD}, follow=True)
    assert "Your password is changed." in text_of(answer)
    assert is_signed_in(here)
    assert elsewhere.get(url("profile")).status_code == 302
    assert not AuthToken.objects.filter(user=ann).exists()
    ann.refresh_from_db()
    assert ann.check_password(NEW_PASSWORD)


def test_a_forgotten_password(page, ann, post, mailed):
    session = page(ann)
    answer = post(page(), "password-reset", {"email": "ANN@example.com"}, follow=True)
    assert answer.redirect_chain == [(url("password-reset-sent"), 302)]
    client, link = page(), mailed()
    assert client.get(link).status_code == 200
    weak = client.post(link, {"new_password": "12345678"})
    assert list(weak.context["form"].errors) == ["new_password"]
    answer = client.post(link, {"new_password": NEW_PASSWORD}, follow=True)
    assert "Sign in with the new one." in text_of(answer)
    assert session.get(url("profile")).status_code == 302
    again = client.post(link, {"new_password": NEW_PASSWORD})
    assert again.status_code == 400
    assert "This link does not work or has expired." in text_of(again)
    ann.refresh_from_db()
    assert ann.check_password(NEW_PASSWORD)


def test_nobody_learns_which_addresses_exist(page, ann, post, mailoutbox):
    known = post(page(), "password-reset", {"email": "ann@example.com"})
    unknown = post(page(), "password-reset", {"email": "nobody@example.com"})
    assert known["Location"] == unknown["Location"]
    assert len(mailoutbox) == 1


def test_resets_of_one_address_are_counted_together(page, ann, api, post):
    for _ in range(3):
        post(page(), "password-reset", {"email": "ann@example.com"})
    for _ in range(2):
        assert api().post(f"{API}users/reset_password/", {"email": "ann@example.com"}).status_code == 204
    answer = post(page(), "password-reset", {"email": "ann@example.com"})
    assert answer.status_code == 429
    assert TOO_OFTEN in text_of(answer)


@pytest.mark.parametrize("name", ["password-reset-confirm", "verify-email", "change-email-confirm"])
@pytest.mark.parametrize("uid", ["x", "%00", "9" * 300, "😀"])
def test_a_link_that_is_none(page, name, uid):
    address = url(name, "uid", "token").replace("uid", uid)
    assert page().get(address).status_code == 200
    answer = page().post(address, {"new_password": NEW_PASSWORD})
    assert answer.status_code == 400
    assert "This link does not work or has expired." in text_of(answer)


# addresses


def test_the_address_and_a_mail_to_confirm_it(page, ann, post, mailed):
    client = page(ann)
    shown = text_of(client.get(url("email")))
    assert "ann@example.com" in shown
    assert "This address is not confirmed yet." in shown
    assert "A mail is on its way to you." in text_of(post(client, "resend-verification", follow=True))
    assert client.post(mailed()).status_code == 302
    shown = text_of(client.get(url("email")))
    assert "confirmed" in shown
    assert "not confirmed" not in shown


def test_a_site_that_confirms_nothing(page, ann, configure):
    configure(EMAIL_VERIFICATION="off")
    shown = text_of(page(ann).get(url("email")))
    assert "confirmed" not in shown
    assert "Send the mail again" not in shown


def test_another_address(page, ann, bob, post, mailoutbox, mailed):
    client = page(ann)
    wrong = post(client, "email", {"new_email": "new@example.com", "current_password": "wrong"})
    assert wrong.context["form"].errors == {"current_password": ["Wrong password."]}
    taken = post(client, "email", {"new_email": "bob@example.com", "current_password": PASSWORD})
    assert (taken.status_code, mailoutbox) == (302, [])
    free = post(client, "email", {"new_email": "new@example.com", "current_password": PASSWORD}, follow=True)
    assert "A link is on its way to the new address." in text_of(free)
    link = mailed()
    assert "every other device is signed out" in text_of(client.get(link))
    elsewhere = page(ann)
    assert EmailAddress.objects.user_for("ann@example.com") == ann
    answer = client.post(link, follow=True)
    assert "Your address is changed." in text_of(answer)
    assert EmailAddress.objects.user_for("new@example.com") == ann
    assert is_signed_in(client)
    assert not is_signed_in(elsewhere)


def test_who_has_to_confirm_can_ask_for_the_mail(page, ann, configure):
    configure(EMAIL_VERIFICATION="required")
    answer = page(ann).get(url("people"))
    assert answer.status_code == 403
    assert "Confirm your e-mail address first." in text_of(answer)
    assert f'action="{url("resend-verification")}"' in text_of(answer)


def test_the_rules_of_passwords_are_a_list(page, settings):
    shown = text_of(page().get(url("sign-up")))
    rules = re.search(r'<div class="ff-help" id="id_password_helptext"><ul>(.*?)</ul></div>', shown)[1]
    assert rules.count("<li>") == len(settings.AUTH_PASSWORD_VALIDATORS)
    settings.AUTH_PASSWORD_VALIDATORS = []
    assert "ff-help" not in text_of(page().get(url("sign-up")))


# notices


def last_words(client):
    """A notice that waits for the next page."""
    assert client.post(url("devices-end")).status_code == 302
    return "Every device is signed out."


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("sign-out", {}),
        ("delete", {"current_password": PASSWORD}),
        ("sign-in", {"email": "bob@example.com", "password": PASSWORD}),
    ],
)
def test_notices_end_with_their_person(page, ann, bob, name, data):
    client = page()
    client.force_login(ann)
    words = last_words(client)
    answer = client.post(url(name), data, follow=True)
    assert answer.status_code == 200
    assert words not in text_of(answer)
