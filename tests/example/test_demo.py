"""demo.py as a newcomer runs it, in a copy of the repository with nothing installed."""

import re
import shutil
import socket
import subprocess
import sys

import httpx
import pytest

from tests.example.conftest import EXAMPLE, ROOT, environment, require
from tests.processes import free_port, running, wait_for

IGNORED = shutil.ignore_patterns("__pycache__", ".env", "*.sqlite3*", "media", "static_collected", ".venv*")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clone")
    for name in ("find_friend", "example_project"):
        shutil.copytree(ROOT / name, folder / name, ignore=IGNORED)
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    (folder / "README.md").write_text("The build reads it.\n")
    (folder / ".venv").write_text(".tox/py313-django61\n")  # tools keep a note there which environment is theirs
    return folder


def newcomer():
    clean = environment()
    for name in [name for name in clean if clean[name] == "" or name == "PYTHONPATH"]:
        del clean[name]
    return clean


def demo(folder, *options, prelude=""):
    """demo.py run like a script, after ``prelude`` has made the Python it runs on a different one."""
    script = folder / "example_project/demo.py"
    arguments = [str(script), *options]
    code = f"import runpy, sys\n{prelude}\nsys.argv = {arguments}\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    return subprocess.run([sys.executable, "-c", code], env=newcomer(), capture_output=True, text=True)


@pytest.fixture(scope="module")
def first_start(clone):
    done = demo(clone, "--no-serve", "--port", "8123")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.server
def test_first_start_installs_and_prints_what_to_paste(clone, first_start):
    text = first_start.stdout
    assert "Installing" in text
    assert re.search(r"testuser1@fake\.org +find-a-friend +ff_\S{40,}", text)
    line = r'websocat --linemode-strip-newlines ws://127\.0\.0\.1:8123/ws/chat/1/ -H "Authorization: Token ff_\S+"'
    assert re.search(line, text)
    assert "http://127.0.0.1:8123/admin/" in text
    assert "Open http://127.0.0.1:8123/ and press a name, then again at http://localhost:8123/ :" in text
    assert re.search(r"^DJANGO_SECRET_KEY=\S{50,}$", (clone / "example_project/.env").read_text(), re.MULTILINE)
    assert (clone / ".venv-demo/pyvenv.cfg").is_file()
    assert (clone / ".venv").read_text() == ".tox/py313-django61\n"


@pytest.mark.server
def test_second_start_installs_nothing_and_keeps_the_data(clone, first_start):
    env_file = (clone / "example_project/.env").read_text()
    size = (clone / "example_project/db.sqlite3").stat().st_size
    done = demo(clone, "--no-serve", "--port", "8123")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Installing" not in done.stdout
    assert "already" in done.stdout
    assert (clone / "example_project/.env").read_text() == env_file
    assert (clone / "example_project/db.sqlite3").stat().st_size == size


@pytest.mark.server
def test_serves_and_the_printed_line_talks(clone, first_start, tmp_path):
    port, log = free_port(), tmp_path / "demo.log"
    command = [sys.executable, str(clone / "example_project/demo.py"), "--port", str(port)]
    with running(command, port, log, env=newcomer()) as server:
        wait_for(lambda: "Starting ASGI/Daphne" in log.read_text(encoding="utf-8"), log)
        page = httpx.get(f"http://127.0.0.1:{port}/")
        assert page.status_code == 200
        assert "testuser1@fake.org" in page.text
        line = re.search(r'^(\S+) -c "(.+)"$', log.read_text(encoding="utf-8"), re.MULTILINE)
        with subprocess.Popen([line[1], "-u", "-c", line[2]], stdout=subprocess.PIPE, text=True) as talker:
            frames = [talker.stdout.readline() for _frame in range(3)]
            talker.kill()
        assert '"Ну привет, коль не шутишь!"' in frames[0]
        assert '"Привет!"' in frames[1]
        assert '"Привет!"' in frames[2]
        server.terminate()
        server.wait(15)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")


@pytest.mark.server
def test_collected_static_files_are_served_outside_development(clone, first_start, tmp_path):
    port, python = free_port(), str(clone / ".venv-demo/bin/python")
    variables = {"DEBUG": "False", "DJANGO_ALLOWED_HOSTS": "127.0.0.1", "DJANGO_HTTPS": "False"}
    options = {"cwd": clone / "example_project", "env": {**newcomer(), **variables}}
    collect = [python, "manage.py", "collectstatic", "--no-input"]
    done = subprocess.run(collect, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stderr
    server = [python, "-m", "uvicorn", "example_project.asgi:application", "--port", str(port), "--lifespan", "off"]
    with running(server, port, tmp_path / "server.log", **options), httpx.Client() as client:
        page = client.get(f"http://127.0.0.1:{port}/swagger/").text
        assets = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        assert assets
        assert [path for path in assets if not re.search(r"\.[0-9a-f]{12}\.", path)] == []
        for path in [*assets, "/static/people/try.css", "/static/admin/css/base.css"]:
            assert client.get(f"http://127.0.0.1:{port}{path}").status_code == 200, path


@pytest.mark.server
def test_a_changed_pyproject_is_installed_again(clone, first_start):
    stamp = clone / ".venv-demo/find_friend_demo.stamp"
    before = stamp.read_text()
    with (clone / "pyproject.toml").open("a") as file:
        file.write("\n# changed\n")
    done = demo(clone, "--no-serve")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Installing" in done.stdout
    assert stamp.read_text() != before


@pytest.mark.server
def test_without_ensurepip_an_outside_pip_installs(tmp_path, clone):
    """Debian's Python without python3-venv: the environment is made without pip."""
    (tmp_path / "example_project").mkdir()
    script = shutil.copy(EXAMPLE / "demo.py", tmp_path / "example_project")
    check = f"""
import runpy, subprocess, sys
sys.modules["ensurepip"] = None
demo = runpy.run_path({script!r})
demo["make_environment"]()
command = demo["pip"]()
assert "--python" in command, command
subprocess.run([*command, "list"], check=True)
assert not list(demo["VENV"].glob("lib/*/site-packages/pip"))
"""
    done = subprocess.run([python_with_pip(), "-c", check], env=newcomer(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def python_with_pip():
    for python in (sys.executable, sys._base_executable, "/usr/bin/python3"):
        if not subprocess.run([python, "-m", "pip", "--python", python, "--version"], capture_output=True).returncode:
            return python
    return require(False, "No Python with pip 22.3 or newer here.")


def test_an_old_python_is_told_what_it_needs(clone):
    done = demo(clone, prelude="sys.version_info = (3, 9, 2)")
    assert done.returncode != 0
    assert "needs Python 3.10 or newer; this is Python 3.9" in done.stderr


def test_a_taken_port_is_named_before_anything_is_made(tmp_path):
    (tmp_path / "example_project").mkdir()
    shutil.copy(EXAMPLE / "demo.py", tmp_path / "example_project")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo(tmp_path, "--port", str(port))
    assert done.returncode != 0
    assert f"Port {port} cannot be used" in done.stderr
    assert "--port" in done.stderr
    assert not (tmp_path / ".venv-demo").exists()


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_port_that_is_none_is_refused(clone, port):
    done = demo(clone, "--port", port)
    assert done.returncode == 2
    assert "--port" in done.stderr
