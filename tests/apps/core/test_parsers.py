import io

import pytest
from rest_framework.exceptions import ParseError
from rest_framework.test import APIClient

from find_friend.parsers import JSONParser, TooLarge

pytestmark = pytest.mark.urls("tests.apps.core.probes")


def post(body):
    return APIClient().generic("POST", "/guest/", body, content_type="application/json")


def test_json_is_read():
    assert post('{"name": "Zoë"}').json() == {"name": "Zoë"}


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_deep_nesting_is_a_wrong_request(body):
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize("body", ["{", "nonsense", "NaN", b"\xff\xfe", b"\x80"])
def test_noise_is_a_wrong_request(body):
    answer = post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_body_over_the_limit_is_too_large(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20
    assert post('"' + "x" * 18 + '"').status_code == 200
    answer = post('"' + "x" * 19 + '"')
    assert answer.status_code in (400, 413)


def test_the_parser_itself_stops_reading_at_the_limit(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20
    stream = io.BytesIO(b" " * 1000)
    with pytest.raises(TooLarge) as caught:
        JSONParser().parse(stream)
    assert (caught.value.status_code, caught.value.get_codes()) == (413, "too_large")
    assert stream.tell() == 21


def test_without_a_limit_everything_is_read(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    assert JSONParser().parse(io.BytesIO(b'"' + b"x" * 5_000_000 + b'"')) == "x" * 5_000_000


def test_the_text_is_utf8_whatever_the_context_says():
    with pytest.raises(ParseError):
        JSONParser().parse(io.BytesIO("é".encode("latin-1")), None, {"encoding": "latin-1"})
