"""What the pages name is there, and what is there is named."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.conf import global_settings
from django.core.management import get_commands
from django.template.loader import get_template
from django.test import RequestFactory
from django.test.signals import template_rendered
from django.urls import URLPattern, get_resolver
from django.utils.regex_helper import normalize
from rest_framework.settings import DEFAULTS as REST_FRAMEWORK

import find_friend
from find_friend.accounts import mail
from find_friend.accounts.models import Purpose
from find_friend.chat import protocols
from find_friend.conf import DEFINITIONS
from find_friend.exceptions import FindFriendError
from find_friend.policies import Policy
from find_friend.serializers import default_roles
from tests.docs import pages
from tests.signals import signals_of
from tests.twins import documented

PACKAGE = Path(find_friend.__file__).parent
APPS = ("accounts", "friends", "chat")
SETTINGS = re.compile(r"^```\{settings\}\n(?P<options>(?:^:[^\n]*\n)*)(?P<names>.*?)^```", re.MULTILINE | re.DOTALL)


def first_codes(text):
    """What stands first in each row of the tables of a text."""
    return [pages.code(cells[0])[0] for cells in pages.rows(text) if pages.code(cells[0])]


def sources(folder=PACKAGE):
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py")))


# settings


def named_settings(page, brief):
    found = [match for match in SETTINGS.finditer(pages.read(page)) if (":brief:" in match["options"]) == brief]
    return [name for match in found for name in match["names"].split()]


def test_every_setting_is_described_once():
    assert sorted(named_settings("reference/settings.md", brief=False)) == sorted(DEFINITIONS)


def test_every_setting_is_on_a_page_of_its_own_or_belongs_to_all():
    general = {
        "AUTHENTICATION_CLASSES",
        "SERIALIZERS",
        "PERMISSION_CLASSES",
        "THROTTLE_CLASSES",
        "PAGINATION_CLASS",
        "TRUSTED_PROXIES",
        "THROTTLE_RATES",
        "PAGE_SIZE",
        "PAGE_MAX_SIZE",
        "METRICS_TOKEN",
        "READINESS_OPTIONAL",
        "READINESS_TIMEOUT",
    }
    named = [name for app in APPS for name in named_settings(f"{app}.md", brief=True)]
    assert sorted(named) == sorted(DEFINITIONS.keys() - general)


# Names in capitals that are no settings: of REST framework, of models and databases, and variables of the environment.
OTHERS = {
    "ASGI_APPLICATION",
    "CONN_MAX_AGE",
    "DISABLE_SERVER_SIDE_CURSORS",
    "FAULTS_CRASH",
    "FIND_FRIEND",
    "FIND_FRIEND_REDIS_URL",
    "PROMETHEUS_MULTIPROC_DIR",
    "REST_FRAMEWORK",
    "ROOT_URLCONF",
    "USERNAME_FIELD",
}


@pytest.mark.parametrize("page", ["../README.md", "../CHANGELOG.md", *pages.every_page()])
def test_settings_that_a_page_mentions_exist(page):
    text = pages.read(page)
    named = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`", pages.prose(text)))
    known = DEFINITIONS.keys() | set(dir(global_settings)) | REST_FRAMEWORK.keys() | set(variables()) | OTHERS
    assert named - known == set()
    in_code = re.findall(r"FIND_FRIEND = (\{[^\n]+\}|\{\n.*?^\})", text, re.MULTILINE | re.DOTALL)
    names = {name for block in in_code for name in re.findall(r'"([A-Z_]{4,})":', block)}
    assert names <= DEFINITIONS.keys()


def test_every_throttle_scope_is_explained():
    explained = first_codes(pages.section(pages.read("security.md"), "Throttles"))
    assert explained == list(DEFINITIONS["THROTTLE_RATES"].default)


# errors


def error_classes(cls=FindFriendError):
    for sub in cls.__subclasses__():
        yield sub
        yield from error_classes(sub)


def test_every_error_code_is_listed_with_its_status():
    for app in APPS:
        importlib.import_module(f"find_friend.{app}.exceptions")
    importlib.import_module("find_friend.pages.security")
    ours = {cls.default_code: cls.status_code for cls in error_classes() if cls.__module__.startswith("find_friend")}
    drf = {
        "parse_error": 400,
        "not_authenticated": 401,
        "authentication_failed": 401,
        "invalid_token": 401,
        "method_not_allowed": 405,
        "not_acceptable": 406,
        "too_large": 413,
        "unsupported_media_type": 415,
        "throttled": 429,
    }
    listed = [(pages.code(cells[0])[0], int(cells[1])) for cells in pages.rows(pages.read("reference/errors.md"))]
    assert sorted(listed) == sorted({**drf, **ours}.items())


@pytest.mark.parametrize("page", ["accounts.md", "friends.md", "chat.md"])
def test_error_codes_of_an_app_page_are_listed(page):
    listed = first_codes(pages.read("reference/errors.md"))
    beside_a_status = re.findall(r"\b40\d,? `(\w+)`", pages.read(page))
    assert beside_a_status
    assert set(beside_a_status) <= set(listed)


# urls


def routes(patterns, prefix="", namespace=""):
    """Every route below ``patterns``: name, path as the pages write it, view."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            name = f"{namespace}:{pattern.name}" if namespace else pattern.name
            yield name, readable(path), pattern.callback
        else:
            yield from routes(pattern.url_patterns, path, pattern.namespace or namespace)


def readable(path):
    """``^friends/(?P<pk>[^/]+)/$`` and ``friends/<str:pk>/`` are both ``friends/<pk>/``."""
    if "^" in path:
        (found, names), *_ = normalize(path.replace("^", ""))
        return found % {name: f"<{name}>" for name in names}
    return re.sub(r"<\w+:(\w+)>", r"<\1>", path)


def methods(view):
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is None:  # a function, which says what it takes when it is asked for something else
        refused = async_to_sync(view)(RequestFactory().options("/"))
        return set(refused["Allow"].split(", ")) - {"HEAD"}
    actions = getattr(view, "actions", None)
    names = actions or [name for name in ("get", "post", "put", "patch", "delete") if hasattr(cls, name)]
    names = set(names) & set(cls.http_method_names)
    return {name.upper() for name in names} - {"HEAD"}


WHOLE = (
    "find_friend.openapi.urls",
    "find_friend.health.urls",
    "find_friend.chat.metrics.urls",
    "find_friend.pages.urls",
)


def test_every_module_of_urls_is_looked_at():
    modules = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in PACKAGE.rglob("urls.py")}
    parts = {f"find_friend.{app}.{name}" for app in APPS for name in ("urls", "pages.urls")}
    assert modules == {"find_friend.urls", *parts, *WHOLE}


@pytest.fixture(scope="module")
def api():
    """Route by name; of two spellings the one with the last slash."""
    found = {}
    for name, path, view in routes(importlib.import_module("find_friend.urls").urlpatterns):
        if is_usable(name, path) and (path.endswith("/") or name not in found):
            found[name] = (path, found.get(name, ("", set()))[1] | methods(view))
    for module in WHOLE:
        for name, path, view in routes(importlib.import_module(module).urlpatterns):
            found[name] = (path, methods(view))
    return found


def is_usable(name, path):
    """Whether a route has a name, and no suffix of a format."""
    return name is not None and not name.endswith(":None") and "." not in path


def test_every_url_name_is_listed_with_path_and_methods(api):
    listed = {}
    for cells in pages.rows(pages.read("reference/urls.md")):
        listed[pages.code(cells[0])[0]] = (pages.code(cells[1])[0].strip(), set(cells[2].split(", ")))
    assert listed == api


@pytest.mark.parametrize("app", APPS)
def test_every_call_stands_on_the_page_of_its_app(app, api):
    calls = first_codes(pages.section(pages.read(f"{app}.md"), "HTTP"))
    calls = {tuple(call.split(" ")) for call in calls if re.match(r"[A-Z]+ ", call)}
    known = {
        (verb, path) for name, (path, verbs) in api.items() if name.startswith(f"find_friend_{app}:") for verb in verbs
    }
    assert calls == known


@pytest.mark.parametrize("page", pages.every_page())
def test_url_names_that_a_page_mentions_exist(page, api):
    assert set(re.findall(r"\bfind_friend(?:_[a-z]+:|-)[a-z][\w-]*", pages.read(page))) <= api.keys()


def test_the_site_of_the_tests_has_those_of_the_api_and_its_description(api):
    elsewhere = {"find_friend-healthz", "find_friend-readyz", "find_friend-metrics"}
    assert {name for name in api if ":" not in name} - elsewhere <= {
        key for key in get_resolver().reverse_dict if isinstance(key, str)
    }


# signals


@pytest.mark.parametrize(("heading", "module"), [("All apps", ""), *((app.title(), f".{app}") for app in APPS)])
def test_every_signal_is_listed(heading, module):
    """With which arguments and sender is compared where they are sent: test_signals.py of each app."""
    known = signals_of(importlib.import_module(f"find_friend{module}.signals"))
    assert sorted(first_codes(pages.section(pages.read("reference/signals.md"), heading))) == sorted(known)


@pytest.mark.parametrize("page", pages.every_page())
def test_what_a_page_imports_from_the_package_exists(page):
    code = "\n".join(block.text for block in pages.blocks(pages.read(page), "python"))
    for statement in ast.walk(ast.parse(code)):
        if isinstance(statement, ast.ImportFrom) and statement.module.split(".")[0] == "find_friend":
            for name in statement.names:
                exec(f"from {statement.module} import {name.name}", {})


# everything else that is public


def test_every_check_is_listed():
    assert sorted(first_codes(pages.read("reference/checks.md"))) == sorted(
        set(re.findall(r"find_friend\.[EWI]\d{3}", sources()))
    )


def test_every_role_is_listed_with_its_serializer():
    table = pages.rows(pages.section(pages.read("reference/python.md"), "Serializer roles"))
    assert {pages.code(cells[0])[0]: pages.code(cells[1])[0] for cells in table} == default_roles()


def declared(but):
    """What modules of the package name in ``__all__``, as dotted paths."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        if "\n__all__ = " in path.read_text(encoding="utf-8") and not re.search(but, module):
            found |= {f"{module}.{name}" for name in importlib.import_module(module).__all__}
    return found


def test_everything_that_a_module_declares_is_listed():
    """Models, the test kit and views of pages have tests of their own."""
    text = pages.read("reference/python.md")
    listed = set(re.findall(r"`(find_friend\.[\w.]+)`", text))
    draining = pages.section(text, "Draining")
    listed |= {f"find_friend.chat.draining.{call.partition('(')[0]}" for call in first_codes(draining)}
    assert declared(but=r"\.models$|\.testing|\.pages") <= listed


@pytest.mark.parametrize("heading", ["Views", "Middleware and servers", "Metrics", "User model"])
def test_everything_that_is_listed_is_declared(heading):
    names = first_codes(pages.section(pages.read("reference/python.md"), heading))
    assert names
    assert set(names) <= declared(but=r"\.models$|\.testing")


def test_every_view_is_listed_with_its_names():
    known = {}
    for name, path, view in routes(importlib.import_module("find_friend.urls").urlpatterns):
        if is_usable(name, path):
            module = view.cls.__module__.partition(".views")[0]
            known.setdefault(f"{module}.views.{view.cls.__name__}", set()).add(name)
    table = pages.rows(pages.section(pages.read("reference/python.md"), "Views"))
    listed = {pages.code(cells[0])[0]: set(pages.code(cells[1])) for cells in table if "find_friend" in cells[1]}
    assert listed == known


def test_every_page_is_listed_with_its_view():
    table = pages.rows(pages.section(pages.read("reference/urls.md"), "Pages"))
    listed = {pages.code(cells[0])[0]: pages.code(cells[3])[0] for cells in table}
    known = {}
    for name, _path, view in routes(importlib.import_module("find_friend.pages.urls").urlpatterns):
        cls = getattr(view, "cls", None) or view.view_class
        known[name] = cls.__name__
        named = importlib.import_module(re.sub(r"(\.views)\..*", r"\1", cls.__module__))
        assert getattr(named, cls.__name__) is cls
    assert listed == known


@pytest.mark.parametrize("app", ["friends", "chat"])
def test_calls_raise_what_is_listed(app):
    """Where a row lists errors, they are those of the docstring."""
    for cells in pages.rows(pages.section(pages.read("reference/python.md"), app.title())):
        errors = pages.code(cells[2])
        if errors and cells[2] == ", ".join(f"`{error}`" for error in errors):
            owner, _, name = pages.code(cells[0])[0].partition("(")[0].rpartition(".")
            (raises,) = re.findall(r"Raises ([\w,\s]+)\.", inspect.getdoc(getattr(holder(app, owner), name)))
            assert set(re.findall(r"\w+", raises)) == set(errors), name


@pytest.mark.parametrize("app", ["friends", "chat"])
def test_every_error_of_a_call_is_listed(app):
    of_http_alone = {"EmailRequired"}
    module = importlib.import_module(f"find_friend.{app}.exceptions")
    classes = {name for name, cls in vars(module).items() if getattr(cls, "__module__", "") == module.__name__}
    listed = pages.code(pages.section(pages.read("reference/python.md"), app.title()))
    assert classes - of_http_alone <= set(listed)


def test_every_question_of_the_policy_is_listed():
    table = pages.rows(pages.section(pages.read("reference/python.md"), "Policy"))
    listed = {cell.partition("(")[0]: cell for cells in table for cell in pages.code(cells[0])}
    questions = {name: function for name, function in vars(Policy).items() if not name.startswith("_")}
    assert listed.keys() == questions.keys()
    for name, function in questions.items():
        parameters = list(inspect.signature(function).parameters)[1:]
        assert listed[name] == f"{name}({', '.join(parameters)})"


@pytest.mark.parametrize("app", ["Friends", "Chat", "Accounts"])
def test_every_listed_method_takes_the_listed_arguments(app):
    module = importlib.import_module(f"find_friend.{app.lower()}.models")
    owners = {"friend_request": "FriendRequest", "chat": "Chat", "token": "AuthToken", "profile": "Profile"}
    owners["membership"] = "Membership"
    for cells in pages.rows(pages.section(pages.read("reference/python.md"), app)):
        calls = pages.code(cells[0])
        owner = calls[0].split(".")[0]
        start = owners.get(owner, f"{owner}.objects")
        for call in calls:
            call = call.replace(f"{owner}.objects", f"{owner}.objects").split(".")[-1] if "." in call else call
            name, _, arguments = call.rstrip(")").partition("(")
            holder = module
            for part in start.split("."):
                holder = getattr(holder, part)
            if name not in dir(holder):  # a second class in the same row
                holder = getattr(module, cells[0].split("`")[-2].split(".")[0]).objects
            found = getattr(holder, name)
            if arguments and callable(found):
                expected = [argument.strip(" *").partition("=")[0] for argument in arguments.split(",")]
                parameters = [parameter for parameter in inspect.signature(found).parameters if parameter != "self"]
                assert parameters == expected, call


# twins for async code


OWNERS = {"friend_request": "FriendRequest", "chat": "Chat", "membership": "Membership", "token": "AuthToken"}
OWNERS["profile"] = "Profile"


def holder(app, owner):
    """``chat`` is a Chat, ``Chat.objects`` its manager."""
    model, _, manager = owner.partition(".")
    found = getattr(importlib.import_module(f"find_friend.{app}.models"), OWNERS.get(model, model))
    return type(found.objects) if manager else found


def calls(app):
    """Each call of the tables, as what it is a method of and its name."""
    for cells in pages.rows(pages.section(pages.read("reference/python.md"), app.title())):
        owner = ""
        for call in pages.code(cells[0]):
            before, _, name = call.partition("(")[0].rpartition(".")
            owner = before or owner
            yield owner, name


@pytest.mark.parametrize("app", APPS)
def test_every_listed_twin_takes_what_its_method_takes(app):
    for owner, twin in documented(app):
        of = holder(app, owner)
        assert inspect.signature(getattr(of, twin)) == inspect.signature(getattr(of, twin[1:]))


@pytest.mark.parametrize("app", APPS)
def test_every_twin_is_listed(app):
    known = set()
    for model in apps.get_app_config(f"find_friend_{app}").get_models():
        for owner, cls in ((model.__name__, model), (f"{model.__name__}.objects", model.objects._queryset_class)):
            ours = {name: value for name, value in vars(cls).items() if cls.__module__.startswith("find_friend")}
            known |= {(owner, name) for name, value in ours.items() if inspect.iscoroutinefunction(value)}
    assert {(OWNERS.get(owner, owner), twin) for owner, twin in documented(app)} == known


@pytest.mark.parametrize("app", APPS)
def test_every_listed_call_has_a_twin_or_reads_nothing_yet(app):
    twins = documented(app)
    for owner, name in set(calls(app)):
        if (owner, f"a{name}") not in twins:
            found = getattr(holder(app, owner), name)
            assert isinstance(found, property) or "QuerySet" in str(inspect.signature(found).return_annotation), name


# templates


def templates():
    """Every template of the package, by name."""
    folders = PACKAGE.rglob("templates")
    return {path.relative_to(folder).as_posix(): path for folder in folders for path in folder.rglob("*.*")}


def test_every_template_is_listed():
    listed = [name for cells in pages.rows(pages.read("reference/templates.md")) for name in pages.code(cells[0])]
    assert sorted(listed) == sorted(templates())
    for name in listed:
        get_template(name)


@pytest.mark.parametrize("page", pages.every_page())
def test_templates_that_a_page_mentions_exist(page):
    mentioned = set(re.findall(r"`(?:templates/)?(find_friend/[\w/]+\.(?:html|txt))`", pages.read(page)))
    assert mentioned <= templates().keys()


def test_every_block_of_a_page_is_listed():
    listed = {}
    for cells in pages.rows(pages.section(pages.read("reference/templates.md"), "Pages")):
        listed[pages.code(cells[0])[0]] = pages.code(cells[1])
    pages_only = {name: path for name, path in templates().items() if "/elements/" not in name}
    known = {name: path.read_text() for name, path in pages_only.items() if name.endswith(".html")}
    assert listed == {name: re.findall(r"{% block (\w+) %}", text) for name, text in known.items()}


def test_every_element_is_listed():
    listed = first_codes(pages.section(pages.read("reference/templates.md"), "Elements"))
    assert sorted(listed) == sorted(name for name in templates() if "/elements/" in name)


@pytest.mark.django_db
def test_mails_are_given_what_is_listed(ann):
    given = {}

    def note(template, context, **kwargs):
        given[template.name] = set(context.flatten()) - {"True", "False", "None"}

    template_rendered.connect(note)
    for purpose in Purpose:
        mail.send_link(ann, purpose, "ann@example.com")
    mail.send("email_changed", "ann@example.com")
    template_rendered.disconnect(note)
    listed = {}
    for cells in pages.rows(pages.section(pages.read("reference/templates.md"), "Mails")):
        listed |= {name: set(pages.code(cells[1])) for name in pages.code(cells[0])}
    part = "find_friend/accounts/email/_link.txt"
    assert given.pop(part) >= {"link", "uid", "token", "expires"}
    del listed[part]
    assert given == listed


def test_every_close_code_is_listed():
    listed = first_codes("\n".join(line.replace("| ", "| `", 1).replace(" |", "` |", 1) for line in close_table()))
    assert {int(code) for code in listed} == {int(code) for code in protocols.Close}


def close_table():
    text = pages.section(pages.read("reference/websocket.md"), "Close codes")
    return [line for line in text.splitlines() if re.match(r"\| \d{4} ", line)]


def test_every_command_and_logger_is_listed():
    text = pages.read("reference/python.md")
    ours = {name for name, app in get_commands().items() if str(app).startswith("find_friend")}
    assert set(first_codes(pages.section(text, "Commands"))) == ours
    loggers = set(re.findall(r'getLogger\("([\w.]+)"\)', sources()))
    assert set(first_codes(pages.section(text, "Loggers"))) == loggers


def variables():
    """What the environment of the example project may say."""
    text = (pages.ROOT / "example_project" / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^#?([A-Z][A-Z_]+)=", text, re.MULTILINE)


def test_every_variable_of_the_example_is_listed():
    listed = re.findall(r"`([A-Z][A-Z_]+)`", pages.section(pages.read("example-project.md"), "For development"))
    assert set(variables()) <= set(listed)


# how the package is laid out


def folders(name):
    found = (pages.ROOT / name).iterdir()
    return {f"{name}/{path.name}/" for path in found if path.is_dir() and not path.name.startswith(("_", "."))}


def test_every_folder_is_in_the_layout():
    layout = pages.section(pages.read("contributing.md"), "Layout")
    listed = {name for cells in pages.rows(layout) for name in pages.code(cells[0])}
    assert {name for name in listed if not (pages.ROOT / name).exists()} == set()
    assert folders("find_friend") | folders("tests") <= listed


def test_every_file_to_look_into_is_there():
    text = pages.section(pages.read("architecture.md"), "Where to look")
    named = [name for cells in pages.rows(text) for name in pages.code(cells[1])]
    names = [name for name in named if name.endswith((".py", "/"))]
    assert names
    anywhere = {path.name for path in PACKAGE.rglob("*.py")}
    assert [name for name in names if not (PACKAGE / name).exists() and name not in anywhere] == []
    parts = {name.partition("/")[0] for name in names}
    assert {path.strip("/").partition("/")[2] for path in folders("find_friend")} - parts <= {
        "locale",
        "management",
        "static",
        "templates",
        "accounts",
    }


# README


README = (pages.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_builds_the_pages_as_contributing_says():
    (block,) = pages.blocks(pages.section(pages.read("contributing.md"), "These pages"), "console")
    commands = [line.removeprefix("$ ") for line in block.text.splitlines()]
    assert len(commands) == 2
    assert [command for command in commands if f"`{command}`" not in README] == []


def test_promises_are_the_same_in_the_readme():
    promises = pages.section(pages.read("introduction.md"), "What it promises")
    assert pages.rows(promises) == pages.rows(pages.section(README, "Promises"))
