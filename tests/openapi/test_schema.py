"""The description is served without a network, complete, and the same as the file in docs/."""

import os
import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.urls import include, path
from django.utils.module_loading import import_string
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.settings import DEFAULTS
from rest_framework.views import APIView

from find_friend.openapi.operations import OPERATIONS
from find_friend.views import FindFriendMixin

pytestmark = pytest.mark.skipif(
    settings.AUTH_USER_MODEL != "auth.User", reason="the file describes the project with Django's own user model"
)
FILE = Path(__file__).parents[2] / "docs" / "openapi-schema.yml"


@pytest.fixture
def schema(client, db):
    return yaml.safe_load(client.get("/swagger.yaml").content)


@pytest.fixture
def operations(schema):
    return [
        (f"{method.upper()} {route}", operation)
        for route, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def test_json_and_yaml_say_the_same(client, schema):
    assert client.get("/swagger.json").json() == schema


@pytest.mark.parametrize("query", ["?lang=xx", "?version=9", "?lang=%00"])
def test_questions_change_nothing(client, schema, query):
    assert client.get(f"/swagger.json{query}").json() == schema


@pytest.mark.parametrize("path", ["/swagger/", "/redoc/"])
def test_browsers_load_nothing_from_elsewhere(client, db, path):
    page = client.get(path).content.decode()
    assert "/static/drf_spectacular_sidecar/" in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert "/swagger.json" in page


class UndescribedView(APIView):
    """A view of the site, as REST framework describes it unless it is told otherwise."""

    schema = import_string(DEFAULTS["DEFAULT_SCHEMA_CLASS"])()

    def get(self, request):
        """Nothing."""


def test_views_of_the_site_need_the_describer_that_the_page_names():
    page = (FILE.parent / "reference" / "urls.md").read_text(encoding="utf-8")
    (named,) = re.findall(r'"DEFAULT_SCHEMA_CLASS": "(.+)"', page)

    class DescribedView(UndescribedView):
        schema = import_string(named)()

    def described(view):
        patterns = [path("api/v1/", include("find_friend.urls")), path("own/", view.as_view())]
        return SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)["paths"]

    with pytest.raises(AssertionError, match="DEFAULT_SCHEMA_CLASS"):
        described(UndescribedView)
    assert {"/own/", "/api/v1/chats/"} <= described(DescribedView).keys()


def test_the_file_in_docs_is_current(schema):
    if os.environ.get("FIND_FRIEND_WRITE_SCHEMA"):
        FILE.write_text(yaml.safe_dump(schema, allow_unicode=True, sort_keys=False, width=120))
    assert yaml.safe_load(FILE.read_text()) == schema, "run the tests once with FIND_FRIEND_WRITE_SCHEMA=1"


def test_every_operation_of_the_table_is_served_and_every_served_one_is_in_the_table(operations):
    served = {operation["operationId"] for _, operation in operations}
    assert served == {operation.id for operation in OPERATIONS.values()}


def test_every_operation_is_fully_described(operations):
    for name, operation in operations:
        assert operation["summary"], name
        assert operation["tags"], name
        if "requestBody" in operation:
            assert operation["requestBody"]["content"]["application/json"]["examples"], name
        for code, answer in operation["responses"].items():
            for media in answer.get("content", {}).values():
                assert media.get("examples"), f"{name} has no example of {code}"
        if operation.get("security", [{}]) != [{}]:
            assert "401" in operation["responses"], name


def test_guests_need_no_token(schema):
    for name in ("users/", "auth/token/login/", "users/reset_password/", "users/verify_email/"):
        assert schema["paths"][f"/api/v1/{name}"]["post"].get("security", [{}]) == [{}]
    assert {"tokenAuth": []} in schema["paths"]["/api/v1/users/"]["get"]["security"]


def test_the_description_is_made_without_a_warning(client, db, capsys):
    client.get("/swagger.json")
    assert "Warning" not in capsys.readouterr().err


class Nickname(serializers.Serializer):
    nickname = serializers.CharField()


class OwnView(FindFriendMixin, GenericAPIView):
    """What a site adds on top of ours."""

    serializer_class = Nickname

    def post(self, request):
        """Choose a nickname."""


def test_a_sites_own_view_is_described_as_usual():
    made = SchemaGenerator(patterns=[path("nickname/", OwnView.as_view())]).get_schema(public=True)
    operation = made["paths"]["/nickname/"]["post"]
    assert operation["description"] == "Choose a nickname."
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("Nickname")
    assert list(operation["responses"]) == ["200"]
