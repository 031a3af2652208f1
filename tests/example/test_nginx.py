"""The compose files' processes by hand: nginx with our configuration before the application, PostgreSQL and Redis."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import websockets

from tests.example.conftest import EXAMPLE, environment, python, require
from tests.processes import free_port, running, wait_for

INFRA = EXAMPLE / "infra"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
POSTGRES = {
    "POSTGRES_USER": os.environ.get("POSTGRES_USER", "postgres"),
    "POSTGRES_PASSWORD": os.environ.get("POSTGRES_PASSWORD", ""),
    "DB_HOST": os.environ.get("DB_HOST", "127.0.0.1"),
    "DB_PORT": os.environ.get("DB_PORT", "5432"),
}
# A database of its own: the limits counted here are nobody else's.
REDIS_URL = re.sub(r"/\d*$", "", os.environ.get("FIND_FRIEND_REDIS_URL") or "redis://127.0.0.1:6379") + "/7"
PASSWORD = "a password for the test"

MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    require(shutil.which("openssl"), "openssl is not installed.")
    folder = tmp_path_factory.mktemp("certs")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def configure(kind, folder, ports, certificate):
    """Our files with the paths, addresses and ports of containers replaced by those of this machine."""
    require(NGINX, "nginx is not installed: apt-get install nginx-light")
    places = {
        "/etc/nginx/find_friend/": f"{folder}/",
        "/etc/nginx/certs/": f"{certificate}/",
        "/srv/media/": f"{folder}/media/",
        "/srv/acme": f"{folder}/acme",
        "/dev/stdout": f"{folder}/sockets.log",
        "listen 80;": f"listen 127.0.0.1:{ports.http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{ports.https} ssl;",
        "http://backend:8000": f"http://127.0.0.1:{ports.backend}",
    }
    sources = {"site.conf": INFRA / kind / "nginx.conf"}
    sources.update({name: INFRA / name for name in ("http.conf", "locations.conf")})
    for name, source in sources.items():
        text = source.read_text()
        for ours, here in places.items():
            text = text.replace(ours, here)
        (folder / name).write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "main.conf"
    main.write_text(MAIN.format(folder=folder, user=user))
    (folder / "media").mkdir()
    return main


def ports():
    return SimpleNamespace(http=free_port(), https=free_port(), backend=free_port())


@pytest.mark.parametrize("kind", ["dev", "prod"])
def test_nginx_accepts_the_configuration(kind, tmp_path, certificate):
    main = configure(kind, tmp_path, ports(), certificate)
    done = subprocess.run([NGINX, "-t", "-c", main], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@pytest.fixture(scope="module")
def database():
    """A PostgreSQL database of its own with the demo people in it."""
    psycopg = pytest.importorskip("psycopg")
    server = {
        "host": POSTGRES["DB_HOST"],
        "port": POSTGRES["DB_PORT"],
        "user": POSTGRES["POSTGRES_USER"],
        "password": POSTGRES["POSTGRES_PASSWORD"],
        "dbname": os.environ.get("POSTGRES_DB", "postgres"),
    }
    try:
        connection = psycopg.connect(**server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        require(False, f"PostgreSQL cannot be reached: {error}")
    name = f"find_friend_example_{os.getpid()}"
    with contextlib.closing(connection):
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        variables = {**POSTGRES, "POSTGRES_DB": name, "DB_ENGINE": "django.db.backends.postgresql_psycopg2"}
        variables.update(DEBUG="False", DJANGO_SECRET_KEY="x" * 60, DJANGO_ALLOWED_HOSTS="127.0.0.1 localhost backend")
        try:
            python("manage.py", "migrate", "--verbosity", "0", **variables)
            python("manage.py", "seed", "--password", PASSWORD, **variables)
            yield variables
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def forget_limits():
    """Drop what an earlier run has counted."""
    redis = pytest.importorskip("redis")
    with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=3) as client:
        try:
            for key in client.scan_iter("*find_friend.throttle.*"):
                client.delete(key)
        except redis.exceptions.ConnectionError as error:
            require(False, f"Redis cannot be reached: {error}")


def image_command(port):
    """What the container runs, on a port of this machine."""
    text = (INFRA / "Dockerfile").read_text().replace("\\\n", "")
    program, *arguments = json.loads(re.search(r"^CMD (\[.*\])$", text, re.MULTILINE)[1])
    arguments = ["127.0.0.1" if part == "0.0.0.0" else str(port) if part == "8000" else part for part in arguments]
    return [sys.executable, "-m", program, *arguments]


def daphne_command(port):
    return [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "example_project.asgi:application"]


SERVERS = {"prod-uvicorn": ("prod", image_command), "dev-daphne": ("dev", daphne_command)}


@pytest.fixture(scope="module", params=SERVERS.values(), ids=SERVERS)
def site(request, database, certificate, collected, tmp_path_factory):
    """The site behind nginx as compose starts it: production over TLS, development over plain HTTP."""
    forget_limits()
    kind, command = request.param
    folder, here = tmp_path_factory.mktemp(kind), ports()
    main = configure(kind, folder, here, certificate)
    own = {"WEB_CONCURRENCY": "2"} if kind == "prod" else {"DJANGO_HTTPS": "False"}
    variables = environment(**database, **collected, REDIS_URL=REDIS_URL, TRUSTED_PROXIES="1", **own)
    with contextlib.ExitStack() as stack:
        application = command(here.backend)
        stack.enter_context(running(application, here.backend, folder / "application.log", cwd=EXAMPLE, env=variables))
        nginx = [NGINX, "-c", main]
        stack.enter_context(running(nginx, here.http, folder / "nginx.log"))
        trust = ssl.create_default_context(cafile=certificate / "fullchain.pem") if kind == "prod" else None
        base = f"https://localhost:{here.https}" if trust else f"http://localhost:{here.http}"
        base = base.replace("localhost", "127.0.0.1")
        client = httpx.Client(base_url=base, verify=trust or True, timeout=20)
        stack.enter_context(client)
        wait_for(lambda: client.get("/healthz").status_code == 200, folder / "application.log")
        yield SimpleNamespace(kind=kind, client=client, base=base, ports=here, folder=folder, trust=trust)


def token(site, email):
    answer = site.client.post("/api/v1/auth/token/login/", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return answer.json()["auth_token"]


def headers(key):
    return {"Authorization": f"Token {key}"}


def connect(site, path, **options):
    return websockets.connect(site.base.replace("http", "ws", 1) + path, ssl=site.trust, proxy=None, **options)


@pytest.mark.server
def test_pages_answer(site):
    page = site.client.get("/", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "Find a friend" in page.text
    assert PASSWORD not in page.text
    assert "find-a-friend" not in page.text.split("From a terminal")[0]
    assert site.client.get("/api/").headers["Location"] == "/api/v1/"
    for path in ("/api/v1/", "/swagger/", "/redoc/", "/swagger.json", "/swagger.yaml", "/admin/login/"):
        assert site.client.get(path).status_code == 200, path
    assert "nginx/" not in page.headers["Server"]


@pytest.mark.server
def test_two_friends_talk_through_nginx(site):
    keys = [token(site, f"testuser{number}@fake.org") for number in (1, 2)]
    started = site.client.post("/api/v1/chats/start/", json={"email": "testuser2@fake.org"}, headers=headers(keys[0]))
    assert started.status_code == 302
    chat = re.search(r"/api/v1/chats/(\d+)/$", started.headers["Location"])[1]

    async def talk():
        path = f"/ws/chat/{chat}/"
        async with (
            connect(site, path, additional_headers=headers(keys[0])) as one,
            connect(site, path, additional_headers=headers(keys[1])) as other,
        ):
            await one.send(f"Привет через nginx, {site.kind}!")
            return [await until(socket, site.kind) for socket in (one, other)]

    first, second = asyncio.run(talk())
    assert first == second
    assert first["text"] == f"Привет через nginx, {site.kind}!"
    seen = site.client.get(f"/api/v1/chats/{chat}/", headers=headers(keys[1])).json()
    assert seen["chat_messages"][0] == first


async def until(socket, word):
    """The first frame whose text has the word; the history comes before it."""
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 20))
        if word in message["text"]:
            return message


@pytest.mark.server
def test_a_browser_connects_by_ticket_which_is_not_logged(site):
    key = token(site, "testuser1@fake.org")
    ticket = site.client.post("/api/v1/auth/ws-ticket/", headers=headers(key)).json()["ticket"]

    async def greet():
        async with connect(site, f"/ws/chat/1/?ticket={ticket}", origin=site.base) as socket:
            return json.loads(await socket.recv())

    assert asyncio.run(greet())["text"]
    logs = Path(site.folder, "sockets.log"), Path(site.folder, "access.log"), Path(site.folder, "application.log")
    wait_for(lambda: "/ws/chat/1/" in logs[0].read_text(), logs[0])
    assert not [log for log in logs[:2] if ticket in log.read_text()]


@pytest.mark.server
def test_a_guest_and_a_foreign_page_are_refused(site):
    key = token(site, "testuser1@fake.org")

    async def status(**options):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with connect(site, "/ws/chat/1/", **options):
                pass
        return refused.value.response.status_code

    assert asyncio.run(status()) == 403
    assert asyncio.run(status(additional_headers=headers(key), origin="https://evil.example")) == 403


@pytest.mark.server
def test_a_made_up_forwarded_address_is_not_believed(site):
    answers = [
        site.client.post("/api/v1/users/", json={}, headers={"X-Forwarded-For": f"203.0.113.{number}"}).status_code
        for number in range(21)
    ]
    assert answers == [400] * 20 + [429]


@pytest.mark.server
def test_uploads_are_served_as_nothing_but_pictures(site):
    (site.folder / "media/find_friend").mkdir()
    (site.folder / "media/find_friend/picture.webp").write_bytes(b"RIFF")
    answer = site.client.get("/media/find_friend/picture.webp")
    assert (answer.status_code, answer.content) == (200, b"RIFF")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.server
def test_production_is_https_only(site):
    plain = httpx.get(f"http://127.0.0.1:{site.ports.http}/admin/?a=b")
    if site.kind == "dev":
        assert plain.status_code == 302
        return
    assert plain.status_code == 301
    assert plain.headers["Location"] == "https://127.0.0.1/admin/?a=b"
    page = site.client.get("/admin/login/")
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert "Secure" in page.headers["Set-Cookie"]
    done = site.client.post(
        "/admin/login/?next=/admin/",
        data={
            "username": "admin@fake.org",
            "password": PASSWORD,
            "csrfmiddlewaretoken": page.cookies["csrftoken"],
        },
        headers={"Referer": f"{site.base}/admin/login/", "Origin": site.base},
    )
    assert (done.status_code, done.headers["Location"]) == (302, "/admin/")
