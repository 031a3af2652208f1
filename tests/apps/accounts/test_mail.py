from datetime import timedelta

import django
import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import formats, timezone, translation

from find_friend.accounts import mail
from find_friend.accounts.exceptions import InvalidLink
from find_friend.accounts.models import EmailToken, Purpose

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def send(django_capture_on_commit_callbacks):
    def call(*args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True):
            mail.send_link(*args, **kwargs)

    return call


def check(row, secret, purpose=Purpose.RESET):
    return EmailToken.objects.check_link(str(row.pk), secret, purpose)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_links_show_what_they_carry(ann, send, link, mailoutbox, purpose):
    send(ann, purpose, "to@example.com")
    row = EmailToken.objects.get()
    assert link()["uid"] == str(row.pk)
    assert link()["token"] not in row.digest
    assert mailoutbox[0].to == ["to@example.com"]
    assert "\n" not in mailoutbox[0].subject
    assert "Ann" not in mailoutbox[0].body, "nothing that a user wrote goes into a mail"


def test_a_site_gives_its_own_addresses(ann, send, configure, mailoutbox):
    configure(LINKS={"password_reset": "https://example.com/reset?u={uid}&t={token}&x={y}"})
    send(ann, Purpose.RESET, ann.email)
    row = EmailToken.objects.get()
    assert f"https://example.com/reset?u={row.pk}&t=" in mailoutbox[0].body
    assert "&x={y}" in mailoutbox[0].body
    assert "token:" not in mailoutbox[0].body


def link_for(user, *, uid, token):
    return f"https://{user.first_name.lower()}.example.com/{uid}/{token}"


@pytest.mark.parametrize("target", [link_for, f"{__name__}.link_for"])
def test_a_function_gives_the_address(ann, send, configure, mailoutbox, target):
    configure(LINKS={"password_reset": target})
    send(ann, Purpose.RESET, ann.email)
    assert f"https://ann.example.com/{EmailToken.objects.get().pk}/" in mailoutbox[0].body
    assert "token:" not in mailoutbox[0].body


def test_mails_are_rendered_in_the_language_of_the_request(ann, send, mailoutbox, settings, tmp_path):
    folder = tmp_path / "find_friend/accounts/email"
    folder.mkdir(parents=True)
    (folder / "password_reset_subject.txt").write_text("{% load i18n %}{% get_current_language as now %}{{ now }}\nx")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    with translation.override("ru"):
        send(ann, Purpose.RESET, ann.email)
    assert mailoutbox[0].subject == "ru x"


@pytest.mark.parametrize(("language", "said"), [("en", "It works once, until"), ("ru", "Действует один раз, до")])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_mail_says_until_when_and_in_which_zone(ann, send, mailoutbox, language, said, purpose):
    with timezone.override("Asia/Kolkata"), translation.override(language):
        send(ann, purpose, ann.email)
        until = formats.date_format(timezone.localtime(EmailToken.objects.get().expires_at), "DATETIME_FORMAT")
    assert f"{said} {until} (UTC+0530)." in mailoutbox[0].body


def test_nothing_is_sent_before_the_commit(ann, mailoutbox):
    mail.send_link(ann, Purpose.RESET, ann.email)
    assert mailoutbox == []


def test_a_mail_server_that_is_down_hurts_nobody(ann, send, settings, configure, caplog):
    broken = "tests.apps.accounts.test_mail.Broken"
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": broken}}
    else:
        settings.EMAIL_BACKEND = broken
    send(ann, Purpose.RESET, ann.email)
    assert "connection refused by test" in caplog.text
    caplog.clear()
    mail.send_in_background(EmailMessage("subject", "body", to=["a@example.com"])).result(timeout=10)
    assert "A mail could not be sent." in caplog.text


class Broken(BaseEmailBackend):
    def send_messages(self, messages):
        raise OSError("connection refused by test")


def test_in_the_background(mailoutbox):
    assert mail.send_in_background(EmailMessage("s", "b", to=["a@example.com"])).result(timeout=10) is None
    assert [message.to for message in mailoutbox] == [["a@example.com"]]


def test_a_new_link_replaces_the_old_one_of_its_purpose(ann):
    old = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, HOUR)
    other = EmailToken.objects.issue(ann, Purpose.VERIFY, ann.email, HOUR)
    new = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, HOUR)
    with pytest.raises(InvalidLink):
        check(*old)
    assert check(*new) == new[0]
    assert check(*other, purpose=Purpose.VERIFY) == other[0]
    assert str(new[0]) == f"reset {new[0].pk}"


def test_wrong_tries_kill_a_link(ann, configure):
    configure(EMAIL_TOKEN_TRIES=3)
    row, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, HOUR)
    for _ in range(5):
        assert check(row, secret) == row, "the right one costs no try"
    for _ in range(3):
        with pytest.raises(InvalidLink):
            check(row, "wrong")
    with pytest.raises(InvalidLink):
        check(row, secret)


def test_links_expire(ann):
    row, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, HOUR)
    EmailToken.objects.update(expires_at=timezone.now())
    with pytest.raises(InvalidLink):
        check(row, secret)
    assert list(EmailToken.objects.expired()) == [row]


def test_inactive_users_have_no_links(ann):
    row, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, HOUR)
    ann.is_active = False
    ann.save()
    with pytest.raises(InvalidLink):
        check(row, secret)


def test_a_link_is_spent_once(ann):
    row, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, HOUR)
    first, second = check(row, secret), check(row, secret)
    first.spend()
    with pytest.raises(InvalidLink):
        second.spend()
