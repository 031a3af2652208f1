from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from find_friend.accounts import passwords
from find_friend.accounts.exceptions import InvalidLink
from find_friend.accounts.models import AuthToken, EmailToken, Purpose
from find_friend.accounts.signals import password_changed
from tests.apps.accounts.conftest import NEW_PASSWORD
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me/"
SET = "users/set_password/"
RESET = "users/reset_password/"
CONFIRM = "users/reset_password/confirm/"


def browser_of(user):
    browser = Client()
    browser.force_login(user)
    return browser


class TestSet:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}

    def test_ends_every_token_and_session(self, committed, api, ann, heard):
        news = []
        password_changed.connect(lambda user, **kwargs: news.append(user), weak=False, dispatch_uid="test")
        client, other, browser = api(ann), api(ann), browser_of(ann)
        assert committed(client.post, SET, self.body).status_code == 204
        password_changed.disconnect(dispatch_uid="test")
        assert [one.get(ME).status_code for one in (client, other, browser)] == [401, 401, 401]
        ann.refresh_from_db()
        assert ann.check_password(NEW_PASSWORD)
        assert not AuthToken.objects.exists()
        assert ann.pk in heard
        assert news == [ann]

    def test_keeps_the_session_that_asked(self, ann):
        browser, other = browser_of(ann), browser_of(ann)
        assert browser.post(f"/api/v1/{SET}", self.body).status_code == 204
        assert browser.get(ME).status_code == 200
        assert other.get(ME).status_code == 401

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"current_password": "wrong"}, "current_password"),
            ({"new_password": "short"}, "new_password"),
            ({"new_password": "ann@example.com"}, "new_password"),
            ({"new_password": ""}, "new_password"),
        ],
    )
    def test_refused(self, committed, api, ann, change, field):
        client = api(ann)
        answer = committed(client.post, SET, {**self.body, **change})
        assert (answer.status_code, set(answer.data)) == (400, {field})
        assert client.get(ME).status_code == 200

    def test_guessing_is_limited(self, committed, api, ann):
        client = api(ann)
        codes = [committed(client.post, SET, {**self.body, "current_password": "x"}).status_code for _ in range(11)]
        assert codes == [400] * 10 + [429]

    def test_a_better_hash_is_no_new_password(self, committed, api, ann, settings):
        settings.PASSWORD_HASHERS = ["tests.apps.accounts.hashers.CountingHasher", *settings.PASSWORD_HASHERS]
        client = api(ann)
        answer = committed(client.post, SET, {**self.body, "new_password": "short"})
        assert answer.status_code == 400
        ann.refresh_from_db()
        assert ann.password.startswith("counting$")
        assert client.get(ME).status_code == 200


class TestReset:
    def ask(self, committed, api, link):
        assert committed(api().post, RESET, {"email": "ANN@example.com"}).status_code == 204
        return link()

    def test_by_mail(self, committed, api, ann, link, mailoutbox, heard):
        client, browser = api(ann), browser_of(ann)
        sent = self.ask(committed, api, link)
        assert mailoutbox[0].to == ["ann@example.com"]
        assert client.get(ME).status_code == 200, "asking alone changes nothing"
        answer = committed(api().post, CONFIRM, {**sent, "new_password": NEW_PASSWORD})
        assert answer.status_code == 204
        ann.refresh_from_db()
        assert ann.check_password(NEW_PASSWORD)
        assert [one.get(ME).status_code for one in (client, browser)] == [401, 401]
        assert ann.pk in heard
        again = committed(api().post, CONFIRM, {**sent, "new_password": "yet another phrase"})
        assert (again.status_code, again.data["code"]) == (400, "invalid_link")

    def test_no_oracle(self, committed, api, ann, user_factory, mailoutbox):
        user_factory(email="gone@example.com", is_active=False)
        user_factory(email="social@example.com", password=None)
        answers = {
            (answer.status_code, answer.content, tuple(sorted(answer.items())))
            for email in ("ann@example.com", "nobody@example.com", "gone@example.com", "social@example.com")
            for answer in [committed(api().post, RESET, {"email": email})]
        }
        assert len(answers) == 1
        assert [message.to for message in mailoutbox] == [["ann@example.com"]]

    def test_a_weak_password_does_not_use_the_link_up(self, committed, api, ann, link):
        sent = self.ask(committed, api, link)
        for _ in range(6):
            weak = committed(api().post, CONFIRM, {**sent, "new_password": "12345"})
            assert (weak.status_code, set(weak.data)) == (400, {"new_password"})
        assert committed(api().post, CONFIRM, {**sent, "new_password": NEW_PASSWORD}).status_code == 204

    def test_tries_are_bounded(self, committed, api, ann, link):
        sent = self.ask(committed, api, link)
        for _ in range(5):
            wrong = committed(api().post, CONFIRM, {**sent, "token": "x", "new_password": NEW_PASSWORD})
            assert wrong.data["code"] == "invalid_link"
        assert committed(api().post, CONFIRM, {**sent, "new_password": NEW_PASSWORD}).status_code == 400
        ann.refresh_from_db()
        assert ann.check_password(PASSWORD)

    @pytest.mark.django_db(transaction=True)
    def test_tries_count_where_every_request_is_a_transaction(self, api, user_factory, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
        row, _secret = EmailToken.objects.issue(user_factory(), Purpose.RESET, "a@example.com", timedelta(hours=1))
        body = {"uid": str(row.pk), "token": "x", "new_password": NEW_PASSWORD}
        assert api().post(f"/api/v1/{CONFIRM}", body, format="json").status_code == 400
        row.refresh_from_db()
        assert row.tries == 1

    def test_any_new_password_kills_the_link(self, committed, api, ann, link):
        sent = self.ask(committed, api, link)
        ann.set_password("something else")
        ann.save()
        assert committed(api().post, CONFIRM, {**sent, "new_password": NEW_PASSWORD}).status_code == 400

    def test_a_new_address_kills_the_link(self, committed, api, ann, link):
        sent = self.ask(committed, api, link)
        get_user_model().objects.filter(pk=ann.pk).update(email="stolen@example.com")
        assert committed(api().post, CONFIRM, {**sent, "new_password": NEW_PASSWORD}).status_code == 400

    def test_only_the_newest_link_works(self, committed, api, ann, link):
        first, second = self.ask(committed, api, link), self.ask(committed, api, link)
        assert committed(api().post, CONFIRM, {**first, "new_password": NEW_PASSWORD}).status_code == 400
        assert committed(api().post, CONFIRM, {**second, "new_password": NEW_PASSWORD}).status_code == 204

    def test_two_at_once(self, committed, api, ann):
        """The slower of two that both passed the check."""
        row, secret = EmailToken.objects.issue(ann, Purpose.RESET, ann.email, timedelta(hours=1))
        quick, slow = (EmailToken.objects.check_link(str(row.pk), secret, Purpose.RESET) for _ in range(2))
        passwords.change(quick.user, NEW_PASSWORD, link=quick)
        with pytest.raises(InvalidLink):
            passwords.change(slow.user, "the other phrase", link=slow)
        ann.refresh_from_db()
        assert ann.check_password(NEW_PASSWORD)

    @pytest.mark.parametrize("uid", ["x", "1", "9" * 99, "00000000-0000-0000-0000-000000000000", "🙂"])
    def test_links_made_by_hand(self, committed, api, db, uid):
        answer = committed(api().post, CONFIRM, {"uid": uid, "token": "x", "new_password": NEW_PASSWORD})
        assert (answer.status_code, answer.data["code"]) == (400, "invalid_link")

    def test_mails_to_one_account_are_limited(self, committed, api, ann):
        codes = [
            committed(api().post, RESET, {"email": "Ann@example.com"}, REMOTE_ADDR=f"10.0.0.{n}").status_code
            for n in range(6)
        ]
        assert codes == [204] * 5 + [429]
