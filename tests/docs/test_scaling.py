"""What the page about scaling prints is run as far as one machine can."""

import importlib.util
import shutil
import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.db.utils import ConnectionRouter
from django.http import HttpResponse

from find_friend.chat.models import Chat, Message
from tests.docs import pages, servers

PAGE = pages.read("scaling.md")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/bin")


def block(heading, language, number=0):
    return pages.blocks(pages.section(PAGE, heading), language)[number]


def test_the_settings_for_sentinel_make_a_layer():
    channels_redis = pytest.importorskip("channels_redis.pubsub")
    found = {}
    exec(block("Sentinel", "python").text, found)
    layer = found["CHANNEL_LAYERS"]["default"]
    assert layer["BACKEND"].endswith(channels_redis.RedisPubSubChannelLayer.__name__)
    made = channels_redis.RedisPubSubLoopLayer(**layer["CONFIG"], channel_layer=None)
    assert [shard.host["master_name"] for shard in made._shards] == ["chat"]


def test_nginx_takes_the_islands(tmp_path):
    if NGINX is None:
        servers.absent("nginx is not installed")
    site = tmp_path / "nginx.conf"
    site.write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{block('Islands', 'nginx').text}\n}}\n",
        encoding="utf-8",
    )
    done = subprocess.run([NGINX, "-t", "-p", tmp_path, "-c", site], capture_output=True, text=True)
    assert "test is successful" in done.stderr, done.stderr


@pytest.fixture
def replica(tmp_path, monkeypatch):
    """The module of the page."""
    path = tmp_path / "replica.py"
    path.write_text(block("Read replicas", "python").text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("replica_of_the_page", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("method", "path", "lags"),
    [
        ("GET", "/api/v1/users/", True),
        ("GET", "/api/v1/users/7/", True),
        ("GET", "/api/v1/cities/", True),
        ("GET", "/api/v1/users/me/", False),
        ("POST", "/api/v1/users/", False),
        ("GET", "/api/v1/chats/3/messages/", False),
    ],
)
def test_only_harmless_reads_go_to_the_replica(replica, rf, method, path, lags):
    router = ConnectionRouter([replica.ReplicaRouter()])
    seen = {}

    def view(request):
        for model in (get_user_model(), Chat, Message):
            seen[model] = router.db_for_read(model), router.db_for_write(model)
        return HttpResponse()

    replica.replica_for_reads(view)(rf.generic(method, path))
    assert seen[get_user_model()] == ("replica" if lags else "default", "default")
    assert seen[Chat] == seen[Message] == ("default", "default")
    assert router.db_for_read(get_user_model()) == "default"
