"""What the page about deployment prints: nginx serves files as it says, and the settings name the same folders."""

import os
import re
import shutil
import subprocess

import httpx
import pytest

from tests.docs import pages, servers
from tests.processes import free_port, running

PAGE = pages.read("deployment.md")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
HOME = "/srv/mysite"
MAIN = """
daemon off;
{user}
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


def block(heading, language):
    return pages.blocks(pages.section(PAGE, heading), language)[0].text


def settings():
    found = {}
    exec(block("Deployment", "python"), found)
    return found


def test_settings_and_nginx_name_the_same_folders():
    locations = dict(re.findall(r"location (/\w+/) \{[^}]*?alias (\S+)/;", block("nginx", "nginx")))
    names = settings()
    assert locations == {
        names["STATIC_URL"]: names["STATIC_ROOT"],
        names["MEDIA_URL"]: names["MEDIA_ROOT"],
    }


@pytest.fixture
def certificates(tmp_path):
    if shutil.which("openssl") is None:
        servers.absent("openssl is not installed")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.com"]
    command += ["-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return tmp_path


@pytest.fixture
def nginx(tmp_path, certificates):
    """nginx with the page's configuration, its paths and port replaced by those of this machine."""
    if NGINX is None:
        servers.absent("nginx is not installed")
    port = free_port()
    site = block("nginx", "nginx")
    for theirs, here in {
        "/etc/nginx/certs/": f"{certificates}/",
        "/var/log/nginx/": f"{tmp_path}/",
        f"{HOME}/": f"{tmp_path}/",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
    }.items():
        assert theirs in site
        site = site.replace(theirs, here)
    main = tmp_path / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(MAIN.format(folder=tmp_path, user=user, site=site), encoding="utf-8")
    client = httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=False)
    with running([NGINX, "-c", main], port, tmp_path / "nginx.log"), client:
        yield client


@pytest.mark.server
def test_nginx_serves_static_files_and_uploads(nginx, tmp_path):
    for folder in ("static", "media"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.html").write_text(folder)
    answers = {folder: nginx.get(f"/{folder}/page.html") for folder in ("static", "media")}
    assert {folder: (answer.status_code, answer.text) for folder, answer in answers.items()} == {
        "static": (200, "static"),
        "media": (200, "media"),
    }
    assert answers["media"].headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answers["media"].headers["Content-Security-Policy"]
    assert nginx.get("/api/v1/").status_code == 502  # for the application, which is not there
