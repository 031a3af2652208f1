"""Sites for a browser to look at: servers of their own, each with a database, static files and people."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.processes import free_port, running

ROOT = Path(__file__).parents[2]
NO_PART_OF_PAGES = ["admin", "rest_framework", "drf_spectacular_sidecar"]  # static files that take long to collect
LEFT_OUT = ("DJANGO", "FIND_FRIEND", "COV_")


class Site:
    """Starts and ends on the same port, with the same database. ``more`` are variables of the environment."""

    def __init__(self, folder, template=None, **more):
        """The folder gets the files of ``template``, another site with the same people, or is filled here."""
        self.folder, self.port, self.more = folder, free_port(), more
        self.address = f"http://127.0.0.1:{self.port}"
        self.static = Path(more.get("FIND_FRIEND_SITE_STATIC") or (template.static if template else folder / "static"))
        if template:
            shutil.copytree(
                template.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("static", "*.log")
            )
            self.seed = template.seed
        else:
            self.seed = json.loads(self.python("-m", "tests.pages.seed"))

    @property
    def env(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
        ours = {
            "DJANGO_SETTINGS_MODULE": "tests.pages.settings",
            "FIND_FRIEND_SITE": str(self.folder),
            "FIND_FRIEND_SITE_STATIC": str(self.static),
            "PYTHONPATH": str(ROOT),
        }
        return {**kept, **ours, **self.more}

    def python(self, *arguments):
        done = subprocess.run([sys.executable, *arguments], env=self.env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def serving(self, port=None):
        """One server process, on the port of the site or on another."""
        log = self.log if port is None else self.folder / f"server-{port}.log"
        port = port or self.port
        server = ["-m", "uvicorn", "--port", str(port), "--lifespan", "off", "tests.pages.asgi:application"]
        with running([sys.executable, *server], port, log, cwd=ROOT, env=self.env):
            yield self
        assert "Traceback" not in log.read_text(), log.read_text()

    @property
    def log(self):
        return self.folder / "server.log"
