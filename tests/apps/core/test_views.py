import json

import pytest
from django.db import InterfaceError
from rest_framework.test import APIClient

from find_friend.views import error_response
from tests.conftest import NUL_IN_COOKIE

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.apps.core.probes")]


@pytest.fixture
def guest():
    return APIClient()


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("http404", 404, {"detail": "Not found.", "code": "not_found"}),
        (
            "denied",
            403,
            {"detail": "You do not have permission to perform this action.", "code": "permission_denied"},
        ),
        ("suspicious", 400, {"detail": "Malformed request.", "code": "parse_error"}),
        ("contention", 429, {"detail": "The server is busy. Try again in a moment.", "code": "busy"}),
        (
            "conflict",
            409,
            {"detail": "This is not possible now. Load the current state and try again.", "code": "conflict"},
        ),
        ("fields", 400, {"email": ["Wrong."]}),
        ("list", 400, {"non_field_errors": ["Wrong."]}),
        ("method", 405, {"detail": 'Method "GET" not allowed.', "code": "method_not_allowed"}),
    ],
)
def test_errors_have_one_shape(guest, name, status, body):
    answer = guest.get(f"/failing/{name}/")
    assert (answer.status_code, answer.json()) == (status, body)


def test_more_parameters_than_the_site_reads(guest):
    answer = guest.get("/failing/http404/?" + "x=1&" * 1500)
    assert (answer.status_code, answer.json()) == (400, {"detail": "Malformed request.", "code": "parse_error"})


def test_whoever_meets_a_busy_server_is_told_when_to_come_back(guest):
    assert guest.get("/failing/busy/")["Retry-After"] == "1"
    assert guest.get("/failing/contention/")["Retry-After"] == "1"


def test_a_fault_of_ours_is_hidden_from_nobody_but_the_client(guest):
    with pytest.raises(RuntimeError):
        guest.get("/failing/bug/")
    assert error_response(RuntimeError("x")) is None


def test_a_database_that_does_not_answer_is_no_fault_of_the_request(guest, caplog):
    answer = guest.get("/failing/database/")
    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (503, "5", "unavailable")
    assert "The database did not answer" in caplog.text
    assert error_response(InterfaceError("connection already closed")).status_code == 503


def test_settings_of_the_site_do_not_matter(settings, guest, rf):
    settings.REST_FRAMEWORK = {
        "EXCEPTION_HANDLER": "no.such.handler",
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
        "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    }
    answer = guest.get("/echo/", headers={"accept": "text/html"})
    assert answer.status_code in (401, 406)
    answer = guest.get("/echo/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("classes", [None, ["rest_framework.authentication.SessionAuthentication"]])
def test_a_guest_gets_401_whatever_the_authentication(configure, guest, classes):
    configure(AUTHENTICATION_CLASSES=classes)
    answer = guest.get("/echo/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Token")


def test_the_header_is_that_of_the_first_authentication(configure, guest):
    configure(AUTHENTICATION_CLASSES=["rest_framework.authentication.BasicAuthentication"])
    assert guest.get("/echo/")["WWW-Authenticate"] == 'Basic realm="api"'


def test_a_session_is_as_good_as_a_token(signed_in, ann):
    assert signed_in(ann).get("/echo/").json()["user"] == str(ann.pk)


def test_a_session_with_a_key_that_not_every_database_can_look_for_is_none(guest, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = guest.get("/echo/", headers={"Cookie": NUL_IN_COOKIE})
    assert answer.status_code == 401


def test_guest_endpoints_look_at_nobody(signed_in, ann):
    # Not even at a header that any authentication would refuse.
    answer = signed_in(ann).get("/guest/", headers={"authorization": "Token nonsense"})
    assert (answer.status_code, answer.json()["user"]) == (200, "None")


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "utf-16", "cp037", "no-such-charset"])
def test_the_charset_of_a_client_breaks_nothing(guest, charset):
    answer = guest.generic(
        "POST", "/guest/?q=%C3%A9%FF", json.dumps({"text": "дом"}), content_type=f"application/json; charset={charset}"
    )
    assert (answer.status_code, answer.json()) == (200, {"text": "дом"})
    answer = guest.get("/guest/?q=%C3%A9", content_type=f"application/json; charset={charset}")
    assert answer.json()["query"] == {"q": "é"}


def test_options_tells_no_secrets_and_asks_no_table(signed_in, ann):
    answer = signed_in(ann).options("/people/")
    assert answer.status_code == 200
    assert answer.json()["parses"][0] == "application/json"
    assert not answer.json().get("actions")


def test_scopes_are_counted_by_user(configure, signed_in, ann, bob):
    configure(THROTTLE_RATES={"login": "1/day", "read": "2/day"})
    client = signed_in(ann)
    assert client.post("/limited/", {}, format="json").status_code == 200
    answer = client.post("/limited/", {}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 86400
    assert answer.json()["code"] == "throttled"
    assert f"Try again in {answer['Retry-After']} second" in answer.json()["detail"]
    assert client.get("/limited/").status_code == 200  # another scope
    assert signed_in(bob).post("/limited/", {}, format="json").status_code == 200


def test_guests_are_counted_by_address(configure, rf):
    from find_friend.throttling import ScopeThrottle
    from tests.apps.core.probes import GuestEcho

    configure(THROTTLE_RATES={"login": "1/day"})
    results = []
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        view = GuestEcho()
        view.setup(rf.post("/guest/", REMOTE_ADDR=address))
        view.request = view.initialize_request(view.request)
        results.append(ScopeThrottle("login").allow_request(view.request, view))
    assert results == [True, False, True]


@pytest.mark.parametrize(("verification", "status"), [("optional", 200), ("required", 403)])
def test_who_takes_part(configure, signed_in, ann, verification, status):
    configure(EMAIL_VERIFICATION=verification)
    answer = signed_in(ann).get("/participants/")
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "email_not_verified"


def test_a_guest_takes_no_part(guest):
    assert guest.get("/participants/").status_code == 401


def test_a_view_names_a_role_and_settings_name_the_class(configure, signed_in, ann):
    configure(SERIALIZERS={"probe": "tests.apps.core.test_serializers.NameOnly"})
    assert signed_in(ann).get("/people/").json()["results"] == [{"name": "Ann"}]


def test_a_view_may_name_its_class(signed_in, ann):
    from find_friend.views import RoleSerializerMixin

    class View(RoleSerializerMixin):
        serializer_class = dict

    assert View().get_serializer_class() is dict


@pytest.mark.parametrize(
    ("rules", "names"), [("Policy", ["Bob", "Ann"]), ("NobodySees", ["Ann"]), ("NobodySeesInBulk", ["Bob", "Ann"])]
)
def test_a_policy_that_answers_for_single_people_is_asked_for_each_row(configure, signed_in, ann, bob, rules, names):
    module = "find_friend.policies" if rules == "Policy" else "tests.apps.core.test_policies"
    configure(
        SERIALIZERS={"probe": "tests.apps.core.test_serializers.NameOnly"},
        POLICY=f"{module}.{rules}",
    )
    # The view does not ask the policy in its query, so the bulk answer changes nothing here.
    found = signed_in(ann).get("/visible/").json()["results"]
    assert sorted(person["name"] for person in found) == sorted(names)


def test_root_shows_what_is_installed(guest):
    found = guest.get("/api/v1/").json()
    assert all(url.startswith("http://testserver/api/v1/") for url in found.values())
    assert set(found) >= {"friends", "chats", "me"}


@pytest.mark.urls("tests.apps.core.bare_urls")
def test_root_leaves_out_what_is_not_installed(guest):
    assert guest.get("/").json() == {}
