"""What the pages name is there, and what is there is named."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.template.loader import get_template
from django.urls import URLPattern, get_resolver
from django.utils.regex_helper import normalize

import find_friend
from find_friend.chat import protocols
from find_friend.conf import DEFINITIONS
from find_friend.exceptions import FindFriendError
from find_friend.policies import Policy
from find_friend.serializers import default_roles
from find_friend.signals import CommitSignal
from tests.docs import pages

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
        "TRUSTED_PROXIES",
        "THROTTLE_RATES",
        "PAGE_SIZE",
        "PAGE_MAX_SIZE",
    }
    named = [name for app in APPS for name in named_settings(f"{app}.md", brief=True)]
    assert sorted(named) == sorted(DEFINITIONS.keys() - general)


@pytest.mark.parametrize("page", pages.every_page())
def test_settings_that_a_page_mentions_exist(page):
    text = pages.read(page)
    assert set(re.findall(r"\{setting\}`(\w+)`", text)) <= DEFINITIONS.keys()
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
    """Every route below ``patterns``: name, path as the pages write it, methods."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            name = f"{namespace}:{pattern.name}" if namespace else pattern.name
            yield name, readable(path), methods(pattern.callback)
        else:
            yield from routes(pattern.url_patterns, path, pattern.namespace or namespace)


def readable(path):
    """``^friends/(?P<pk>[^/]+)/$`` and ``friends/<str:pk>/`` are both ``friends/<pk>/``."""
    if "^" in path:
        (found, names), *_ = normalize(path.replace("^", ""))
        return found % {name: f"<{name}>" for name in names}
    return re.sub(r"<\w+:(\w+)>", r"<\1>", path)


def methods(view):
    actions = getattr(view, "actions", None)
    names = actions or [name for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name)]
    return {name.upper() for name in names} - {"HEAD"}


@pytest.fixture(scope="module")
def api():
    """Route by name; of two spellings the one with the last slash."""
    found = {}
    for name, path, verbs in routes(importlib.import_module("find_friend.urls").urlpatterns):
        usable = name is not None and not name.endswith(":None") and "." not in path
        if usable and (path.endswith("/") or name not in found):
            found[name] = (path, found.get(name, ("", set()))[1] | verbs)
    for name, path, verbs in routes(importlib.import_module("find_friend.openapi.urls").urlpatterns):
        found[name] = (path, verbs)
    return found


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


def test_the_site_of_the_tests_has_them_all(api):
    assert {name for name in api if ":" not in name} <= {
        key for key in get_resolver().reverse_dict if isinstance(key, str)
    }


# signals


@pytest.mark.parametrize("app", APPS)
def test_every_signal_is_listed_with_its_arguments(app):
    module = importlib.import_module(f"find_friend.{app}.signals")
    known = {name for name, value in vars(module).items() if isinstance(value, CommitSignal)}
    table = pages.rows(pages.section(pages.read(f"{app}.md"), "Signals"))
    assert {pages.code(cells[0])[0] for cells in table} == known
    for cells in table:
        (name,), arguments = pages.code(cells[0]), set(pages.code(cells[1]))
        sent = list(calls_of(f"{name}.send_on_commit", sources(PACKAGE / app)))
        sent += [f"{name}=" for _ in re.findall(rf"signals\.{name}\b(?!\.)", sources(PACKAGE / app))]
        assert sent, name
        for call in sent:
            given = set(re.findall(r"(?<![\w.])(\w+)=", call)) - {name}
            assert given in (arguments, set()), (name, call)


def calls_of(name, text):
    """The arguments of every call of ``name``, as text."""
    for match in re.finditer(re.escape(name) + r"\(", text):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield text[match.end() : end - 1]


# everything else that is public


def test_every_check_is_listed():
    assert sorted(first_codes(pages.read("reference/checks.md"))) == sorted(
        set(re.findall(r"find_friend\.[EW]\d{3}", sources()))
    )


def test_every_role_is_listed_with_its_serializer():
    table = pages.rows(pages.section(pages.read("reference/python.md"), "Serializer roles"))
    assert {pages.code(cells[0])[0]: pages.code(cells[1])[0] for cells in table} == default_roles()


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
                expected = [argument.strip().partition("=")[0] for argument in arguments.split(",")]
                parameters = [parameter for parameter in inspect.signature(found).parameters if parameter != "self"]
                assert parameters == expected, call


def test_every_template_is_listed_and_every_listed_one_is_there():
    text = pages.read("accounts.md") + pages.read("customizing.md")
    listed = set(re.findall(r"`(find_friend/[\w/]+\.\w+)`", text))
    for name in listed:
        get_template(name)
    known = {
        path.relative_to(templates).as_posix()
        for templates in PACKAGE.rglob("templates")
        for path in templates.rglob("*.*")
    }
    assert listed == {name for name in known if not name.startswith("find_friend/openapi/")}


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


def test_every_variable_of_the_example_is_listed():
    text = (pages.ROOT / "example_project" / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^#?([A-Z][A-Z_]+)=", text, re.MULTILINE))
    listed = re.findall(r"`([A-Z][A-Z_]+)`", pages.section(pages.read("example-project.md"), "For development"))
    assert known <= set(listed)


# README


README = (pages.ROOT / "README.md").read_text(encoding="utf-8")


def test_promises_are_the_same_in_the_readme():
    promises = pages.section(pages.read("introduction.md"), "What it promises")
    assert pages.rows(promises) == pages.rows(pages.section(README, "Promises"))


def test_links_of_the_readme_lead_somewhere():
    targets = re.findall(r"\]\(([^)#]+)", README)
    assert targets
    assert [target for target in targets if "://" not in target and not (pages.ROOT / target).exists()] == []
