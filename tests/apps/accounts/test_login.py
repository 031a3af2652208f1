import json
import threading

import pytest
from django.contrib.auth import get_user_model, user_logged_in, user_login_failed
from django.contrib.auth.hashers import make_password
from django.test import Client

from find_friend.accounts.models import AuthToken, EmailAddress
from find_friend.accounts.passwords import hashing_slot
from find_friend.exceptions import Busy
from tests.apps.accounts.hashers import CountingHasher
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/api/v1/auth/token/login/"


@pytest.fixture
def hashes(settings):
    settings.PASSWORD_HASHERS = ["tests.apps.accounts.hashers.CountingHasher", *settings.PASSWORD_HASHERS]

    def count(call):
        CountingHasher.calls = 0
        result = call()
        return CountingHasher.calls, result

    return count


def login(client, email="ann@example.com", password=PASSWORD, **kwargs):
    return client.post(LOGIN, {"email": email, "password": password}, format="json", **kwargs)


def test_a_token_for_address_and_password(api, ann):
    answer = login(api(), " ANN@Example.com ")
    assert (answer.status_code, list(answer.data)) == (200, ["auth_token"])
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Token {answer.data['auth_token']}")
    assert client.get("/api/v1/users/me/").data["email"] == "ann@example.com"
    ann.refresh_from_db()
    assert ann.last_login is not None


def test_every_failure_looks_alike_and_costs_one_hash(hashes, api, user_factory, unlimited):
    ann = user_factory(email="ann@example.com")
    user_factory(email="gone@example.com", is_active=False)
    user_factory(email="social@example.com", password=None)
    two = [user_factory(email=f"{n}@example.com") for n in "ab"]
    EmailAddress.objects.filter(user__in=two).delete()
    if get_user_model().USERNAME_FIELD != "email":
        get_user_model().objects.filter(pk__in=[user.pk for user in two]).update(email="two@example.com")
    tries = [
        ("ann@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("social@example.com", PASSWORD),
        ("two@example.com", PASSWORD),
        ("not an address", PASSWORD),
        (getattr(ann, "username", "name-1"), PASSWORD),
    ]
    seen = []
    for email, password in tries:
        count, answer = hashes(lambda email=email, password=password: login(api(), email, password))
        assert count == 1, email
        seen.append((answer.status_code, answer.content))
    assert len(set(seen)) == 1
    assert answer.status_code == 400
    assert answer.data["code"] == "invalid_credentials"
    count, answer = hashes(lambda: login(api()))
    assert (count, answer.status_code) == (1, 200)


def test_the_sites_backends_decide(api, ann, settings):
    settings.AUTHENTICATION_BACKENDS = ["tests.apps.accounts.test_login.Lockout"]
    assert login(api()).status_code == 400


class Lockout:
    def authenticate(self, request, **credentials):
        assert request.META["REMOTE_ADDR"] == "127.0.0.1"
        return None


def test_a_backend_that_answers_with_somebody_else(api, ann, bob, settings):
    settings.AUTHENTICATION_BACKENDS = ["tests.apps.accounts.test_login.Confused"]
    assert login(api()).status_code == 400


class Confused:
    def authenticate(self, request, **credentials):
        return get_user_model().objects.get(email="bob@example.com")


def test_djangos_signals_are_sent(api, ann):
    news = []
    user_logged_in.connect(lambda user, **kwargs: news.append(user), weak=False, dispatch_uid="test")
    user_login_failed.connect(lambda credentials, **kwargs: news.append(credentials), weak=False, dispatch_uid="test")
    login(api(), password="wrong")
    login(api())
    user_logged_in.disconnect(dispatch_uid="test")
    user_login_failed.disconnect(dispatch_uid="test")
    assert news[0][get_user_model().USERNAME_FIELD] == ann.get_username()
    assert news[1] == ann


@pytest.mark.parametrize(
    ("body", "agent", "device"),
    [
        ({}, "Phone/1.0", "Phone/1.0"),
        ({"device": "My phone"}, "Phone/1.0", "My phone"),
        ({"device": ""}, "x" * 500, "x" * 200),
        ({}, "a\0b\ud800\n", "ab"),
    ],
)
def test_devices_have_names(api, ann, body, agent, device):
    answer = api().post(LOGIN, {"email": ann.email, "password": PASSWORD, **body}, format="json", HTTP_USER_AGENT=agent)
    assert answer.status_code == 200
    assert AuthToken.objects.get().device == device
    assert str(AuthToken.objects.get()) == device


def test_no_agent_no_name(api, ann):
    login(api())
    token = AuthToken.objects.get()
    assert (token.device, str(token)) == ("", str(token.pk))


def test_a_better_hash_is_no_new_password(api, ann, settings):
    settings.PASSWORD_HASHERS = [
        "tests.apps.accounts.hashers.CountingHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    client = api(ann)
    stale, _key = AuthToken.objects.issue(ann)
    AuthToken.objects.filter(pk=stale.pk).update(fingerprint="0" * 64)
    assert login(api()).status_code == 200
    ann.refresh_from_db()
    assert ann.password.startswith("counting$")
    assert client.get("/api/v1/users/me/").status_code == 200
    assert AuthToken.objects.get(pk=stale.pk).fingerprint == "0" * 64


class TestLimits:
    def test_failures_of_one_account(self, api, ann, hashes):
        for _ in range(5):
            assert login(api(), password="wrong").status_code == 400
        count, answer = hashes(lambda: login(api(), "ANN@example.com"))
        assert (count, answer.status_code) == (0, 429)
        assert int(answer["Retry-After"]) > 0
        assert answer.data["code"] == "throttled"
        assert login(api(), REMOTE_ADDR="10.0.0.9").status_code == 200, "a stranger cannot lock Ann out"

    def test_success_forgives(self, api, ann):
        for _ in range(3):
            for _ in range(4):
                assert login(api(), password="wrong").status_code == 400
            assert login(api()).status_code == 200

    def test_calls_of_one_address(self, api, ann, configure, hashes):
        configure(THROTTLE_RATES={"login": "3/min"})
        for number in range(3):
            login(api(), f"{number}@example.com")
        count, answer = hashes(lambda: login(api(), HTTP_X_FORWARDED_FOR="1.2.3.4"))
        assert (count, answer.status_code) == (0, 429), "a made up X-Forwarded-For does not help"
        configure(THROTTLE_RATES={"login": "3/min"}, TRUSTED_PROXIES=1)
        assert login(api(), HTTP_X_FORWARDED_FOR="6.6.6.6, 1.2.3.4").status_code == 200

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("users/", {}),
            ("auth/token/login/", {}),
            ("users/reset_password/", {}),
            ("users/reset_password/confirm/", {}),
            ("users/verify_email/", {}),
            ("users/change_email/confirm/", {}),
        ],
    )
    def test_every_guest_endpoint_has_one(self, api, path, body):
        codes = {api().post(f"/api/v1/{path}", body, format="json").status_code for _ in range(31)}
        assert codes == {400, 429}

    @pytest.mark.parametrize("body", [[], [1], "x", None, 5, {"email": []}, {"email": None}, {"email": "\ud800"}])
    def test_any_body_is_counted(self, api, body):
        sent = json.dumps(body)
        codes = [api().post(LOGIN, sent, content_type="application/json").status_code for _ in range(6)]
        assert codes == [400] * 5 + [429]


class TestSlots:
    def test_no_room_is_429(self, api, ann, configure, hashes):
        configure(PASSWORD_HASH_SLOTS=3)
        held = [hashing_slot() for _ in range(3)]
        for slot in held:
            slot.__enter__()
        try:
            count, answer = hashes(lambda: login(api()))
        finally:
            for slot in held:
                slot.__exit__(None, None, None)
        assert (count, answer.status_code, answer.data["code"]) == (0, 429, "busy")
        assert answer["Retry-After"] == "1"
        assert login(api()).status_code == 200

    def test_waiting_a_moment(self, configure):
        configure(PASSWORD_HASH_SLOTS=2)
        entered, leave = threading.Event(), threading.Event()

        def hold():
            with hashing_slot():
                entered.set()
                leave.wait(10)

        threads = [threading.Thread(target=hold) for _ in range(2)]
        threads[0].start()
        assert entered.wait(10)
        with hashing_slot():
            entered.clear()
            with pytest.raises(Busy), hashing_slot():
                pass
        leave.set()
        threads[0].join()

    def test_default_leaves_a_processor_for_others(self):
        with hashing_slot():
            assert make_password("x")


def test_sessions_of_the_site_work_beside_tokens(ann):
    browser = Client()
    browser.force_login(ann)
    assert browser.get("/api/v1/users/me/").json()["email"] == "ann@example.com"
