"""What a site writes into REST_FRAMEWORK and other settings of its own changes none of our answers."""

import base64

import pytest
from rest_framework.test import APIClient

from find_friend.accounts.models import City, Interest
from tests.conftest import PASSWORD

API = "/api/v1/"
ODD = {
    "NON_FIELD_ERRORS_KEY": "errors",
    "DATETIME_FORMAT": "%d/%m/%Y",
    "DATE_FORMAT": "%d.%m.%Y",
    "DATE_INPUT_FORMATS": ["%d/%m/%Y"],
    "COERCE_BIGINT_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "tests.hosts.nowhere",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 1,
}


@pytest.fixture
def odd(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **ODD}


@pytest.mark.usefixtures("odd")
def test_errors_keep_their_shape(api, ann):
    weak = {"email": "q@example.com", "password": "123", "first_name": "Q", "last_name": "Q"}
    signup = api().post(f"{API}users/", weak, format="json")
    assert (signup.status_code, list(signup.json())) == (400, ["password"])
    change = api(ann).post(f"{API}users/set_password/", {"current_password": PASSWORD, "new_password": "1"})
    assert (change.status_code, list(change.json())) == (400, ["new_password"])
    assert list(api(ann).post(f"{API}users/set_password/", [], format="json").json()) == ["non_field_errors"]
    guest = api().get(f"{API}users/me/")
    assert (guest.status_code, guest.json()["code"]) == (401, "not_authenticated")


@pytest.mark.usefixtures("odd")
def test_dates_and_numbers_keep_their_shape(api, ann, bob):
    client = api(ann)
    request = client.post(f"{API}friend-requests/", {"to_user": str(bob.pk)}, format="json").json()
    assert isinstance(request["id"], int)
    assert "T" in request["created"]
    assert "T" in client.get(f"{API}auth/tokens/").json()["results"][0]["created"]
    me = client.patch(f"{API}users/me/", {"birthday": "1990-01-02"}, format="json")
    assert (me.status_code, me.json()["birthday"]) == (200, "1990-01-02")
    Interest.objects.create(name="chess")
    assert isinstance(client.get(f"{API}interests/").json()["results"][0]["id"], int)


def test_times_have_an_offset_where_the_site_has_none(settings, api, ann, bob):
    settings.USE_TZ = False
    client = api(ann)
    request = client.post(f"{API}friend-requests/", {"to_user": str(bob.pk)}, format="json").json()
    assert request["created"].endswith("+03:00")


def test_a_site_without_sessions(settings, ann):
    basic = "rest_framework.authentication.BasicAuthentication"
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_AUTHENTICATION_CLASSES": [basic]}
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    client = APIClient()
    secret = base64.b64encode(f"{ann.get_username()}:{PASSWORD}".encode()).decode()
    client.credentials(HTTP_AUTHORIZATION=f"Basic {secret}")
    change = {"current_password": PASSWORD, "new_password": "staple battery horse"}
    assert client.post(f"{API}users/set_password/", change).status_code == 204
    ann.refresh_from_db()
    assert ann.check_password("staple battery horse")


def test_thousands_of_cities_of_unknown_size_are_all_listed(api, ann, configure):
    configure(THROTTLE_RATES={"read": None})
    City.objects.bulk_create(City(name=f"City {number}") for number in range(1500))
    client, seen, url = api(ann), [], f"{API}cities/?limit=100"
    while url and len(seen) < 2000:
        page = client.get(url).json()
        seen += [city["id"] for city in page["results"]]
        url = page["next"]
    assert len(seen) == len(set(seen)) == 1500
