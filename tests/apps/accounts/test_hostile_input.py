"""Nothing that a client sends is answered with a fault of the server."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.conftest import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]

VALUES = [
    None, True, False, 0, -1, 1.5, 1e308, 10**40, "", " ", "\0", "a\0b", "\ud800", "x" * 10_000, "1e400",
    "\u202e", "🙂", [], [1], [[]], [None], {}, {"a": 1}, ["\ud800"], "9999-12-31", "0001-01-01",
    "0000-00-00", "٣", "null",
]  # fmt: skip
ENDPOINTS = [
    ("post", "users/", ["email", "password", "first_name", "last_name", "birthday"], False),
    ("post", "auth/token/login/", ["email", "password", "device"], False),
    ("post", "users/reset_password/", ["email"], False),
    ("post", "users/reset_password/confirm/", ["uid", "token", "new_password"], False),
    ("post", "users/verify_email/", ["uid", "token"], False),
    ("post", "users/change_email/confirm/", ["uid", "token"], False),
    ("post", "users/set_password/", ["current_password", "new_password"], True),
    ("post", "users/change_email/", ["current_password", "new_email"], True),
    ("patch", "users/me/", ["first_name", "birthday", "city", "sex", "occupation", "avatar", "interests"], True),
    ("delete", "users/me/", ["current_password"], True),
    ("post", "users/resend_verification/", [], True),
    ("post", "auth/token/logout-all/", [], True),
]
GOOD = {
    "email": "person@example.com", "password": PASSWORD, "first_name": "Ann", "last_name": "B", "uid": "x",
    "token": "x", "new_password": "12345", "current_password": "wrong", "new_email": "other@example.com",
}  # fmt: skip
CALLS = [(method, path, field, signed_in) for method, path, fields, signed_in in ENDPOINTS for field in fields]


@pytest.mark.parametrize(("method", "path", "field", "signed_in"), CALLS)
def test_any_value_of_any_field(api, ann, method, path, field, signed_in):
    client = api(ann if signed_in else None)
    whole = {name: GOOD[name] for _m, p, names, _s in ENDPOINTS if p == path for name in names if name in GOOD}
    for value in VALUES:
        if path == "users/":
            whole["email"] = f"person{VALUES.index(value)}@example.com"
        body = json.dumps({**(whole if method == "post" else {}), field: value})
        answer = getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code in (200, 201, 204, 400), (value, answer.status_code)
        assert answer.status_code != 400 or answer.data


@pytest.mark.parametrize(("method", "path", "_fields", "signed_in"), ENDPOINTS)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("[]", "application/json"),
        ("null", "application/json"),
        ('"text"', "application/json"),
        ("5", "application/json"),
        ("", "application/json"),
        ("{", "application/json"),
        ("NaN", "application/json"),
        ('{"email": ' + "9" * 5000 + "}", "application/json"),
        ("[" * 20_000, "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        ("<x/>", "application/xml"),
        ("a=%FF&a=b&email=%00", "application/x-www-form-urlencoded"),
        ("interests[" + "9" * 5000 + "]=1", "application/x-www-form-urlencoded"),
        ("--x", "multipart/form-data; boundary=x"),
        ("--x", "multipart/form-data"),
        ("{}", "application/json; charset=nonsense"),
    ],
)
def test_any_body(api, ann, method, path, _fields, signed_in, body, kind):
    answer = getattr(api(ann if signed_in else None), method)(f"/api/v1/{path}", body, content_type=kind)
    assert answer.status_code in (200, 204, 400, 415), answer.content
    assert answer.status_code == 204 or answer.data


@pytest.mark.parametrize("field", ["interests", "city", "birthday", "about", "first_name"])
def test_files_in_place_of_texts(api, ann, field):
    upload = SimpleUploadedFile("x.png", b"\0\xff")
    answer = api(ann).patch("/api/v1/users/me/", {field: upload}, format="multipart")
    assert (answer.status_code, set(answer.data)) == (400, {field})


@pytest.mark.parametrize("name", ["../../x.png", "x" * 300 + ".png", "\0.png", "", "é\u202e.png"])
def test_names_of_files(api, ann, name, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    head = f'--x\r\nContent-Disposition: form-data; name="avatar"; filename="{name}"\r\n\r\nno picture\r\n--x--\r\n'
    answer = api(ann).patch("/api/v1/users/me/", head.encode(), content_type="multipart/form-data; boundary=x")
    assert answer.status_code in (200, 400)
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("method", ["put", "delete", "patch", "trace", "head", "options"])
@pytest.mark.parametrize("path", ["users/", "users/me/", "users/1/", "auth/tokens/", "auth/token/login/", "interests/"])
def test_other_methods(api, ann, method, path):
    answer = getattr(api(ann), method)(f"/api/v1/{path}")
    assert answer.status_code in (200, 204, 400, 404, 405)
