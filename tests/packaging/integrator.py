"""Plays the developer of another site: python tests/packaging/integrator.py [options]

In a new folder outside of the repository, in an environment of its own that has the wheel and nothing else of ours: a
new project with a UUID user model and apps of its own that are called ``accounts`` and ``chat``. People are there
before the package, friends come before our chat. The files of the site are those of ``docs/user-models.md``.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import venv
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from tests.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
MOST = 7 if sys.version_info < (3, 11) else 6

SETTINGS = """
import os
INSTALLED_APPS += ["accounts", "chat"]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE"}
TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]
ALLOWED_HOSTS = ["127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ASGI_APPLICATION = "mysite.asgi.application"
"""
FRIENDS = """
INSTALLED_APPS += ["rest_framework", "find_friend", "find_friend.accounts", "find_friend.friends"]
FIND_FRIEND = {
    "PAGE_SIZE": 2,
    "FRIEND_REQUEST_MESSAGE_MAX_LENGTH": 10,
    "EMAIL_SENDER": "accounts.mailbox.keep",
    "SERIALIZERS": {"user": "accounts.api.UserCard"},
}
"""
CHAT = """
INSTALLED_APPS += ["channels", "find_friend.chat"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
FIND_FRIEND["CHAT_HISTORY_SIZE"] = 2
"""
OWN_CHAT = """
from django.conf import settings
from django.db import models


class Chat(models.Model):
    initiator = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)


class Message(models.Model):
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
"""
MAILBOX = """
from pathlib import Path


def keep(message):
    with Path("mails.txt").open("a") as file:
        file.write(message.subject + "\\n")
"""
URLS = """
from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("api/v1/", include("find_friend.urls"))]
"""
TEMPLATE = "templates/find_friend/accounts/email/verify_email_subject.txt"

# What a client of the site does; run in its environment, against its server.
CLIENT = """
import json, sys, urllib.error, urllib.request

address = sys.argv[1]

def call(method, path, data=None, key=None, status=200):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Token {key}"} if key else {})
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(f"http://{address}/api/v1/{path}", body, headers, method=method)
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    assert answer.status == status, (method, path, answer.status, text)
    return json.loads(text) if answer.headers["Content-Type"] == "application/json" else None

def sign_in(name):
    body = {"email": f"{name}@example.com", "password": "correct horse battery"}
    return call("POST", "auth/token/login/", body)["auth_token"]
"""
MEET = """
body = {"email": "new@example.com", "password": "correct horse battery", "first_name": "New", "last_name": "One"}
new = call("POST", "users/", body, status=201)
assert len(new["id"]) == 36, new
old_key, new_key = sign_in("old"), sign_in("new")
old = call("GET", "users/me/", key=old_key)
card = call("GET", f"users/{old['id']}/", key=new_key)
assert card["company"] == "Acme", card
assert call("GET", f"users/{new['id']}/", key=old_key)["company"] == "", "without a badge"
asked = {"to_user": old["id"], "message": "far too long for this site"}
assert "message" in call("POST", "friend-requests/", asked, new_key, 400)
request = call("POST", "friend-requests/", {"to_user": old["id"]}, new_key, 201)
assert request["to_user"]["company"] == "Acme"
assert call("POST", f"friend-requests/{request['id']}/accept/", {}, old_key)["status"] == "accepted"
assert [friend["id"] for friend in call("GET", "friends/", key=new_key)["results"]] == [old["id"]]
assert len(call("GET", "users/", key=new_key)["results"]) == 2, "the size of a page"
call("POST", "chats/start/", {"email": "old@example.com"}, new_key, 404)
print("met")
"""
TALK = """
from websockets.sync.client import connect

old_key, new_key = sign_in("old"), sign_in("new")
chat = call("POST", "chats/start/", {"email": "old@example.com"}, new_key)
for text in ("one", "two", "three"):
    call("POST", f"chats/{chat['id']}/messages/", {"text": text}, new_key, 201)
def sockets(key):
    headers = {"Authorization": f"Token {key}"}
    return connect(f"ws://{address}/ws/chat/{chat['id']}/", additional_headers=headers, proxy=None)
with sockets(old_key) as left, sockets(new_key) as right:
    for wire in (left, right):
        assert [json.loads(wire.recv(30))["text"] for _ in range(2)] == ["three", "two"], "the history of this site"
    left.send("hello")
    seen = [json.loads(wire.recv(30)) for wire in (left, right)]
    assert seen[0] == seen[1] and seen[0]["text"] == "hello", seen
    assert seen[0]["sender"] == call("GET", "users/me/", key=old_key)["id"], seen
assert [friend["company"] for friend in call("GET", "friends/", key=new_key)["results"]] == ["Acme"]
print("talked")
"""
PEOPLE = """
from accounts.models import Badge, User
for number in range(3):
    User.objects.create_user(f"other{number}", f"other{number}@example.com")
old = User.objects.create_user("old", "Old@Example.com", "correct horse battery", first_name="Old", last_name="Hand")
Badge.objects.create(user=old, company="Acme")
"""


def documented(name):
    """A file as the page about user models prints it."""
    page = (ROOT / "docs" / "user-models.md").read_text(encoding="utf-8")
    return re.search(rf"^```python\n# {re.escape(name)}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]


class Site:
    def __init__(self, folder):
        self.folder = folder / "site"
        self.python = folder / "venv" / "bin" / "python"
        self.environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "DJANGO", "FIND_FRIEND"))
        }
        venv.create(folder / "venv", with_pip=False)
        self.folder.mkdir()

    def install(self, *requirements):
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *requirements], check=True, cwd=self.folder)

    def run(self, *arguments):
        """What a command prints. It may warn of nothing."""
        command = [str(self.python), "-W", "error", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environ, text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, arguments))[:200]}\n{done.stdout}{done.stderr}")
        return done.stdout

    def manage(self, *arguments):
        return self.run("manage.py", *arguments)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, name, text):
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    def settle(self):
        """Migrate; nothing may be left to migrate or to complain about."""
        self.manage("migrate", "--verbosity", "0")
        self.manage("check", "--database", "default", "--fail-level", "WARNING")
        assert "No changes detected" in self.manage("makemigrations", "--check", "--dry-run")

    @contextmanager
    def serving(self):
        address = f"127.0.0.1:{free_port()}"
        command = ["-m", "uvicorn", "--log-level", "warning", "--port", address.rpartition(":")[2]]
        log = self.folder / "server.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                [str(self.python), *command, "mysite.asgi:application"],
                cwd=self.folder,
                env=self.environ,
                stdout=output,
                stderr=output,
            )
        try:
            wait_for(address, server, log)
            yield address
        finally:
            server.terminate()
            server.wait(30)
        assert "Traceback" not in log.read_text(), log.read_text()

    def plays(self, story):
        with self.serving() as address:
            return self.run("-c", CLIENT + story, address)


def wait_for(address, server, log):
    host, port = address.split(":")
    deadline = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection((host, int(port)), timeout=3).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(log.read_text()) from None
            time.sleep(0.2)


def brings_little(site, wheel, django):
    site.install(str(wheel), django)
    script = "import importlib.metadata as m; print(*(found.metadata['Name'].lower() for found in m.distributions()))"
    others = sorted(set(site.run("-c", script).split()) - {"django-find-friend", "pip", "setuptools"})
    assert "django" in others
    assert len(others) <= MOST, others
    print(f"Django {site.run('-m', 'django', '--version').strip()}")
    print(f"{len(others)} distributions: {', '.join(others)}")


def begins(site):
    """A project with people, before the package."""
    site.run("-m", "django", "startproject", "mysite", ".")
    for app in ("accounts", "chat"):
        site.manage("startapp", app)
    site.append("mysite/settings.py", SETTINGS)
    site.write("accounts/models.py", documented("accounts/models.py"))
    site.write("chat/models.py", OWN_CHAT)
    site.manage("makemigrations", "accounts", "chat")
    site.settle()
    site.manage("shell", "-c", PEOPLE)


def gets_friends(site):
    site.append("mysite/settings.py", FRIENDS)
    site.write("accounts/api.py", documented("accounts/api.py"))
    site.write("accounts/mailbox.py", MAILBOX)
    site.write("mysite/urls.py", URLS)
    site.write(TEMPLATE, "Welcome to this site")
    site.settle()
    assert "met" in site.plays(MEET)
    assert "Welcome to this site" in (site.folder / "mails.txt").read_text()
    assert site.manage("find_friend_backfill").startswith("5 users looked at: 3 rows written")


def gets_chat(site):
    site.append("mysite/settings.py", CHAT)
    page = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    asgi = re.search(r"^```python\n# mysite/asgi.py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    site.write("mysite/asgi.py", asgi)
    site.install(f"{site.wheel}[uvicorn]")
    site.settle()
    assert "talked" in site.plays(TALK)


def play(wheel, django):
    with tempfile.TemporaryDirectory(prefix="find_friend-integrator-") as name:
        site = Site(Path(name))
        site.wheel = wheel
        brings_little(site, wheel, django)
        site.install(f"{wheel}[uvicorn]")
        for step in (begins, gets_friends, gets_chat):
            began = time.monotonic()
            step(site)
            print(f"{step.__name__.replace('_', ' ')}: {time.monotonic() - began:.0f} s", flush=True)


def build(folder):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ROOT)]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)
    (wheel,) = Path(folder).glob("*.whl")
    return wheel


def main(arguments):
    parser = argparse.ArgumentParser(description=textwrap.dedent(__doc__), usage="%(prog)s [options]")
    parser.add_argument("--wheel", type=Path, help="the wheel; it is built where this is left out")
    parser.add_argument("--django", default="Django", help="which Django, as pip takes it")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        play(options.wheel.resolve() if options.wheel else build(folder), options.django)


if __name__ == "__main__":
    main(sys.argv[1:])
