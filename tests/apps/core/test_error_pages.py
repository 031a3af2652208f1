"""Handlers of the site's errors, with the look of the pages."""

import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client
from django.urls import path

from tests.conftest import NUL_IN_COOKIE, text_of

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
HANDLERS = {
    400: "bad_request",
    403: "permission_denied",
    404: "page_not_found",
    500: "server_error",
}
handler400, handler403, handler404, handler500 = (f"find_friend.pages.errors.{name}" for name in HANDLERS.values())
RAISED = {"suspicious": SuspiciousOperation, "forbidden": PermissionDenied, "bug": ZeroDivisionError}
STATUSES = [("suspicious", 400), ("forbidden", 403), ("missing", 404), ("bug", 500)]


def fail(request, what):
    raise RAISED[what]


urlpatterns = [path(f"fail/{what}/", fail, {"what": what}) for what in RAISED]


@pytest.fixture
def browser():
    return Client(raise_request_exception=False)


@pytest.fixture
def said(caplog):
    """Events that the package has logged."""
    caplog.set_level(logging.INFO, "find_friend")
    return lambda: [record.find_friend["event"] for record in caplog.records if hasattr(record, "find_friend")]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("what", "status"), STATUSES)
def test_each_error_is_a_page(browser, method, what, status):
    answer = getattr(browser, method)(f"/fail/{what}/")
    assert answer.status_code == status
    assert f'<p class="ff-status" aria-hidden="true">{status}</p>' in text_of(answer)
    assert "/find_friend/pages.css" in text_of(answer)
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_in_the_language_of_the_person(browser):
    answer = browser.get("/fail/bug/", headers={"Accept-Language": "ru"})
    assert answer["Content-Language"] == "ru"
    assert "Что-то пошло не так" in text_of(answer)


def test_a_session_with_a_key_that_not_every_database_can_look_for(browser, said, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert browser.get("/fail/missing/", headers={"Cookie": NUL_IN_COOKIE}).status_code == 404
    assert said() == []


@pytest.mark.parametrize("what", ["missing", "bug"])
def test_the_language_can_be_chosen(browser, what):
    answer = browser.get(f"/fail/{what}/?language=ru&a=1")
    assert (answer.status_code, answer["Location"]) == (302, f"/fail/{what}/?a=1")
    assert browser.get(answer["Location"])["Content-Language"] == "ru"


@pytest.mark.parametrize(("what", "status"), STATUSES)
def test_a_query_string_that_cannot_be_read(browser, said, what, status):
    answer = browser.get(f"/fail/{what}/?{'a=1&' * 1001}")
    assert answer.status_code == status
    assert "/find_friend/pages.css" in text_of(answer)
    assert said() == []


def test_a_fault_asks_no_database(browser, ann, django_assert_num_queries):
    browser.force_login(ann)
    with django_assert_num_queries(0):
        assert browser.get("/fail/bug/").status_code == 500


def test_a_host_that_the_site_does_not_know(browser, settings):
    settings.ALLOWED_HOSTS = ["example.com"]
    answer = browser.get("/fail/missing/", SERVER_NAME="evil.example")
    assert answer.status_code == 400
    assert "evil.example" not in text_of(answer)


@pytest.mark.parametrize(("what", "status"), STATUSES)
def test_where_the_page_itself_is_broken_django_answers(browser, settings, tmp_path, said, what, status):
    (tmp_path / "find_friend").mkdir()
    (tmp_path / "find_friend" / "error.html").write_text("{% nonsense %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    answer = browser.get(f"/fail/{what}/")
    assert answer.status_code == status
    assert "find_friend" not in text_of(answer)
    assert said() == ["error_page_failed"]
