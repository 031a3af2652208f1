import uuid
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model, user_logged_out
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from find_friend.accounts.authentication import TokenAuthentication
from find_friend.accounts.models import AuthToken

pytestmark = pytest.mark.django_db
ME = "/api/v1/users/me/"


@pytest.fixture
def signed_in(api, ann):
    """A client of Ann and the row of its token."""
    client = api(ann)
    return client, AuthToken.objects.get(user=ann)


def test_the_key_is_stored_nowhere(ann):
    token, key = AuthToken.objects.issue(ann, "Phone")
    assert key.startswith("ff_")
    assert len(key) >= 43
    stored = AuthToken.objects.values().get()
    assert not [value for value in stored.values() if key in str(value) or key[3:] in str(value)]
    assert token.expires_at - token.created > timedelta(days=179)


class TestHeader:
    def authenticate(self, header):
        request = APIRequestFactory().get("/")
        if header is not None:
            request.META["HTTP_AUTHORIZATION"] = header
        return TokenAuthentication().authenticate(request)

    @pytest.mark.parametrize(
        "header", [None, "", "Basic YTpi", "Token 9944b09199c62bcf9418", "Bearer ff_x", b"token abc"]
    )
    def test_what_is_left_to_others(self, header, db):
        assert self.authenticate(header) is None

    @pytest.mark.parametrize(
        "header",
        [
            "Token",
            "Token a b",
            "Token ff_x",
            "Token ff_" + "x" * 100_000,
            "Token ff_é",
            "Token \udcff",
            "Tokén x",
            "Token ff_\0",
            b"Token \xff\xfe",
            "\u0442\u043e\u043a\u0435\u043d ff_x",
        ],
    )
    def test_what_is_refused(self, header, db):
        with pytest.raises(AuthenticationFailed):
            self.authenticate(header)

    def test_any_case_of_the_keyword(self, ann):
        token, key = AuthToken.objects.issue(ann)
        assert self.authenticate(f"tOKEN   {key}") == (ann, token)

    def test_401_names_the_scheme(self, api):
        client = api()
        client.credentials(HTTP_AUTHORIZATION="Token ff_x")
        for answer in (client.get(ME), api().get(ME)):
            assert answer.status_code == 401
            assert answer["WWW-Authenticate"].startswith("Token")
        assert client.get(ME).data["code"] == "invalid_token"


class TestEnd:
    def test_absolute(self, signed_in):
        client, token = signed_in
        AuthToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        assert client.get(ME).status_code == 401

    def test_idle(self, signed_in, configure):
        client, token = signed_in
        AuthToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() - timedelta(days=29))
        assert client.get(ME).status_code == 200
        AuthToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() - timedelta(days=30))
        assert client.get(ME).status_code == 401

    def test_deactivation(self, signed_in, ann, heard, django_capture_on_commit_callbacks):
        client, _token = signed_in
        ann.is_active = False
        with django_capture_on_commit_callbacks(execute=True):
            ann.save(update_fields=["first_name"])
        assert AuthToken.objects.exists()
        assert heard == []
        with django_capture_on_commit_callbacks(execute=True):
            ann.save()
        assert not AuthToken.objects.exists()
        assert ann.pk in heard
        assert client.get(ME).status_code == 401

    def test_deactivation_behind_our_back(self, signed_in, ann):
        get_user_model().objects.filter(pk=ann.pk).update(is_active=False)
        assert signed_in[0].get(ME).status_code == 401

    def test_any_new_password(self, signed_in, ann):
        ann.set_password("another one")
        get_user_model().objects.filter(pk=ann.pk).update(password=ann.password)
        assert signed_in[0].get(ME).status_code == 401
        assert not AuthToken.objects.alive(ann)

    def test_a_new_secret_key_with_the_old_one_as_fallback(self, signed_in, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another secret key"
        assert signed_in[0].get(ME).status_code == 200
        settings.SECRET_KEY_FALLBACKS = []
        assert signed_in[0].get(ME).status_code == 401

    def test_deletion_of_the_user(self, signed_in, ann):
        ann.delete()
        assert signed_in[0].get(ME).status_code == 401


def test_use_is_written_once_in_five_minutes(signed_in, django_assert_num_queries):
    client, token = signed_in
    with django_assert_num_queries(3):  # token and user, address, profile
        client.get(ME)
    assert AuthToken.objects.get().last_used_at == token.last_used_at
    AuthToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=6))
    with django_assert_num_queries(4):
        client.get(ME)
    assert timezone.now() - AuthToken.objects.get().last_used_at < timedelta(minutes=1)


def test_one_device_too_many_ends_the_one_unused_the_longest(ann, configure, heard, django_capture_on_commit_callbacks):
    configure(TOKENS_PER_USER=3)
    tokens = [AuthToken.objects.issue(ann)[0] for _ in range(3)]
    AuthToken.objects.filter(pk=tokens[1].pk).update(last_used_at=timezone.now() - timedelta(days=1))
    assert heard == []
    with django_capture_on_commit_callbacks(execute=True):
        AuthToken.objects.issue(ann)
    assert set(AuthToken.objects.all()) > {tokens[0], tokens[2]}
    assert AuthToken.objects.count() == 3
    assert heard == [ann.pk]


def test_no_device_at_all_is_still_one(ann, configure):
    configure(TOKENS_PER_USER=0)
    AuthToken.objects.issue(ann)
    AuthToken.objects.issue(ann)
    assert AuthToken.objects.count() == 1


class TestLogout:
    def test_ends_this_token(self, committed, api, signed_in, ann, heard):
        client, other = signed_in[0], api(ann)
        news = []
        user_logged_out.connect(lambda user, **kwargs: news.append(user), weak=False, dispatch_uid="test")
        assert committed(client.post, "auth/token/logout/").status_code == 204
        user_logged_out.disconnect(dispatch_uid="test")
        assert client.get(ME).status_code == 401
        assert other.get(ME).status_code == 200
        assert heard == [ann.pk]
        assert news == [ann]
        assert client.post("/api/v1/auth/token/logout/").status_code == 401

    def test_ends_a_session(self, ann):
        browser = Client()
        browser.force_login(ann)
        assert browser.post("/api/v1/auth/token/logout/").status_code == 204
        assert browser.get(ME).status_code == 401

    def test_of_a_session_needs_the_csrf_token(self, ann):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(ann)
        assert browser.post("/api/v1/auth/token/logout/").status_code == 403

    def test_everywhere(self, committed, api, signed_in, ann, bob, heard):
        clients, stranger = [signed_in[0], api(ann)], api(bob)
        assert committed(clients[0].post, "auth/token/logout-all/").status_code == 204
        assert [client.get(ME).status_code for client in clients] == [401, 401]
        assert stranger.get(ME).status_code == 200
        assert heard == [ann.pk]


class TestDevices:
    def test_list(self, signed_in, ann, bob, api):
        client, mine = signed_in
        api(bob)
        other = AuthToken.objects.issue(ann, "Phone")[0]
        dead = AuthToken.objects.issue(ann, "Dead")[0]
        AuthToken.objects.filter(pk=dead.pk).update(expires_at=timezone.now())
        page = client.get("/api/v1/auth/tokens/").data
        assert set(page) == {"next", "previous", "results"}
        assert [(row["id"], row["device"], row["current"]) for row in page["results"]] == [
            (str(other.pk), "Phone", False),
            (str(mine.pk), "", True),
        ]
        assert set(page["results"][0]) == {"id", "device", "created", "last_used", "expires", "current"}
        assert page["results"][0]["created"].endswith("+03:00")

    def test_pages(self, signed_in, ann):
        for number in range(4):
            AuthToken.objects.issue(ann, str(number))
        url, seen = "/api/v1/auth/tokens/?limit=2", []
        while url:
            page = signed_in[0].get(url).data
            seen += [row["device"] for row in page["results"]]
            url = page["next"]
        assert seen == ["3", "2", "1", "0", ""]

    @pytest.mark.parametrize("cursor", ["x", "cD14", "bz0xJnA9eA==", "cD0xJnI9MQ=="])
    def test_bad_cursors(self, signed_in, cursor):
        assert signed_in[0].get("/api/v1/auth/tokens/", {"cursor": cursor}).status_code in (200, 404)

    def test_the_number_of_queries_does_not_grow(self, signed_in, ann, django_assert_num_queries):
        for count in (1, 10):
            for _ in range(count):
                AuthToken.objects.issue(ann)
            with django_assert_num_queries(2):
                assert len(signed_in[0].get("/api/v1/auth/tokens/").data["results"]) > count

    def test_revoking_one(self, committed, signed_in, ann, heard):
        client = signed_in[0]
        other = AuthToken.objects.issue(ann)[0]
        assert committed(client.delete, f"auth/tokens/{other.pk}/").status_code == 204
        assert not AuthToken.objects.filter(pk=other.pk).exists()
        assert heard == [ann.pk]
        assert client.get(ME).status_code == 200

    @pytest.mark.parametrize("pk", ["1", "x", str(uuid.UUID(int=5)), "9" * 500, "%00", "\ud7ff"])
    def test_what_is_not_there(self, signed_in, pk):
        answer = signed_in[0].delete(f"/api/v1/auth/tokens/{pk}/")
        assert (answer.status_code, answer.data["code"]) == (404, "token_not_found")

    def test_those_of_others_are_not_there(self, signed_in, bob):
        token = AuthToken.objects.issue(bob)[0]
        assert signed_in[0].delete(f"/api/v1/auth/tokens/{token.pk}/").status_code == 404
        assert AuthToken.objects.filter(pk=token.pk).exists()


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ({}, True),
        ({"expires_at": timedelta(minutes=1)}, True),
        ({"expires_at": timedelta(minutes=-1)}, False),
        ({"last_used_at": timedelta(days=-29)}, True),
        ({"last_used_at": timedelta(days=-31)}, False),
    ],
)
def test_which_tokens_have_not_run_out(ann, values, counts):
    token, _key = AuthToken.objects.issue(ann)
    moments = {name: timezone.now() + delta for name, delta in values.items()}
    AuthToken.objects.update(device="", **moments)
    token.refresh_from_db()
    assert AuthToken.objects.unexpired().exists() is counts
    assert token.is_alive is counts
