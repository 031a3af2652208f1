"""The built wheel: what is in it, and that a new site can use it with nothing else installed."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DIST = Path(os.environ["FIND_FRIEND_DIST"])

# Appended to what "startproject" writes.
SETTINGS = """
INSTALLED_APPS += [
    "rest_framework", "channels", "find_friend", "find_friend.accounts", "find_friend.friends", "find_friend.chat",
]
DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
ALLOWED_HOSTS = ["testserver"]
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
if __import__("django").VERSION >= (6, 1):
    del EMAIL_BACKEND
FIND_FRIEND = {"CHAT_HISTORY_SIZE": 10}
"""
URLS = """
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("api/v1/", include("find_friend.urls"))]
"""


def newest(pattern):
    (found,) = DIST.glob(pattern)
    return found


@pytest.fixture(scope="session")
def wheel():
    return newest("*.whl")


@pytest.fixture(scope="session")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def metadata(wheel, names):
    (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(name).decode())


def package_files(folder):
    found = (path for path in (ROOT / "find_friend" / folder).rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def test_wheel_has_every_file_of_the_package_and_nothing_else(names):
    assert {name for name in names if ".dist-info/" not in name} == package_files("")


def test_wheel_has_what_is_no_python(names):
    assert "find_friend/py.typed" in names
    assert "find_friend/locale/ru/LC_MESSAGES/django.mo" in names
    assert any(name.startswith("find_friend/templates/find_friend/") for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_metadata(metadata):
    required = metadata.get_all("Requires-Dist")
    core = [re.match(r"[\w-]+", text).group().lower() for text in required if "extra ==" not in text]
    assert sorted(core) == ["channels", "django", "django-model-utils", "djangorestframework"]
    assert metadata["Requires-Python"] == ">=3.10"
    assert {"images", "metrics", "openapi", "redis", "postgres", "daphne", "uvicorn", "testing", "demo"} == set(
        metadata.get_all("Provides-Extra")
    )


def test_source_archive_has_tests_docs_and_example():
    with tarfile.open(newest("*.tar.gz")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/runtests.py", "tox.ini", "CHANGELOG.md", "README.md", "LICENSE", "pyproject.toml"} <= names
    assert any(name.startswith("docs/") for name in names)
    assert any(name.startswith("example_project/") for name in names)
    unwanted = re.compile(r"(^|/)(__pycache__|\.env|\.tox|_build|media)(/|$)|\.(pyc|sqlite3)$")
    assert [name for name in names if unwanted.search(name)] == []


@pytest.fixture(scope="session")
def site(tmp_path_factory, wheel):
    """``site("check")`` runs manage.py of a new project, in an environment with the wheel and nothing else."""
    folder = tmp_path_factory.mktemp("site")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", str(wheel)], check=True, cwd=folder)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}

    def run(*arguments, stdin=None):
        done = subprocess.run(
            [str(python), *arguments], cwd=folder, env=environ, input=stdin, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("-m", "django", "startproject", "mysite", ".")
    with (folder / "mysite" / "settings.py").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)
    (folder / "mysite" / "urls.py").write_text(URLS, encoding="utf-8")
    run("manage.py", "migrate", "--verbosity", "0")
    run.folder = folder
    return run


def test_wheel_brings_few_distributions(site):
    script = "import importlib.metadata as m; print(*(found.metadata['Name'].lower() for found in m.distributions()))"
    others = sorted(set(site("-c", script).split()) - {"django-find-friend", "pip", "setuptools"})
    assert "django" in others
    assert len(others) <= (7 if sys.version_info < (3, 11) else 6), others


def test_the_installed_copy_is_the_one_in_use(site):
    assert str(site.folder) in site("-c", "import find_friend; print(find_friend.__file__)")


def test_check_finds_nothing_to_say(site):
    assert "no issues" in site("manage.py", "check", "--database", "default", "--fail-level", "WARNING")


def test_no_migration_is_missing(site):
    assert "No changes detected" in site("manage.py", "makemigrations", "--check", "--dry-run")


def test_every_module_works_without_the_extras(site):
    script = """
import importlib, pkgutil, find_friend
for module in pkgutil.walk_packages(find_friend.__path__, "find_friend."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        # Loaded only where the extra is installed, or where a site or a server names them.
        optional = {
            "find_friend.openapi": "drf_spectacular",
            "find_friend.chat.metrics.": "prometheus_client",
            "find_friend.chat.corking": "uvicorn",
            "find_friend.testing.plugin": "pytest",
        }
        missing = [extra for start, extra in optional.items() if module.name.startswith(start)]
        assert missing and error.name.startswith(missing[0]), (module, error)
    print(module.name)
"""
    found = site("manage.py", "shell", "-c", script)
    assert "find_friend.chat.consumers" in found
    assert "find_friend.testing.leaks.suite" in found


def test_pages_templates_and_translations(site):
    script = """
from django.template import loader
from django.test import Client
from django.utils.translation import override
from find_friend.exceptions import UserNotThere
assert "<html" in loader.render_to_string("find_friend/base.html")
with override("ru"):
    text = str(UserNotThere.default_detail)
assert text != "There is no such user.", text
client = Client()
root = client.get("/api/v1/")
assert root.status_code == 200 and "chats" in root.json(), root.content
assert client.get("/api/v1/users/me/").status_code == 401
assert client.get("/admin/login/").status_code == 200
print("rendered")
"""
    assert "rendered" in site("manage.py", "shell", "-c", script)


def test_two_people_meet_and_chat(site):
    script = """
from django.test import Client
api = "/api/v1/"
def call(method, path, data=None, key=None, status=200):
    headers = {"Authorization": f"Token {key}"} if key else {}
    answer = getattr(Client(headers=headers), method)(api + path, data, content_type="application/json")
    assert answer.status_code == status, (path, answer.status_code, answer.content)
    return answer.json() if answer.content else None
people = []
for name in ("ann", "bob"):
    data = {"email": f"{name}@example.com", "password": "correct horse battery", "first_name": name, "last_name": "X"}
    user = call("post", "users/", data, status=201)
    people.append((user["id"], call("post", "auth/token/login/", data)["auth_token"]))
(ann, ann_key), (bob, bob_key) = people
call("post", "friend-requests/", {"to_user": bob}, ann_key, 201)
call("post", "friend-requests/", {"to_user": ann}, bob_key)
chat = call("post", "chats/start/", {"email": "bob@example.com"}, ann_key)
call("post", f"chats/{chat['id']}/messages/", {"text": "hello"}, ann_key, 201)
assert call("get", f"chats/{chat['id']}/", key=bob_key)["chat_messages"][0]["text"] == "hello"
print("met")
"""
    assert "met" in site("manage.py", "shell", "-c", script)
