"""Each app works where others are left out."""

import importlib.util
from importlib import import_module

import pytest
from django.apps import apps
from django.db import models
from django.urls import reverse


def loaded_again(name):
    """The module as it would be in a process that starts now."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def included(module):
    return [pattern.urlconf_name.__name__ for pattern in module.urlpatterns if hasattr(pattern, "urlconf_name")]


def test_routes_of_every_app():
    assert included(import_module("find_friend.urls")) == [
        "find_friend.accounts.urls",
        "find_friend.friends.urls",
        "find_friend.chat.urls",
    ]


def test_routes_of_the_apps_that_are_there(uninstall):
    uninstall("find_friend.chat", "find_friend.accounts")
    assert included(loaded_again("find_friend.urls")) == ["find_friend.friends.urls"]


def test_socket_routes_belong_to_chat(uninstall):
    assert loaded_again("find_friend.routing").websocket_urlpatterns
    uninstall("find_friend.chat")
    assert loaded_again("find_friend.routing").websocket_urlpatterns == []


def test_core_starts_without_the_description(uninstall):
    uninstall("drf_spectacular", "drf_spectacular_sidecar")
    assert apps.get_app_config("find_friend").verbose_name == "Find friend"
    assert not apps.is_installed("drf_spectacular")


def test_a_model_of_an_app_that_is_not_installed_is_refused(uninstall):
    uninstall("find_friend.friends")
    with pytest.raises(RuntimeError, match=r"friends\.models\.Wave .* Is find_friend\.friends missing"):
        type("Wave", (models.Model,), {"__module__": "find_friend.friends.models"})
    assert "wave" not in apps.all_models["find_friend"]


@pytest.mark.parametrize("label", ["accounts", "friends", "chat"])
def test_names_stay_out_of_the_way_of_the_site(label):
    config = apps.get_app_config(f"find_friend_{label}")
    assert config.default_auto_field == "django.db.models.BigAutoField"
    assert all(model._meta.db_table.startswith(f"find_friend_{label}_") for model in config.get_models())


def test_root_has_a_name():
    assert reverse("find_friend-root") == "/api/v1/"
