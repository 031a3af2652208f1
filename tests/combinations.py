"""Each app alone, every pair and all three, with every kind of user model: python -m tests.combinations

For each of them a new process runs ``check``, ``makemigrations --check`` and ``migrate`` on an empty SQLite database.
Then the apps' own tests run, each combination of apps with some kind of user model, on the database that
``FIND_FRIEND_DATABASE`` names. Options are pytest's.

On another database only what may differ there is run. Chat has statements of its own, which know what is installed and
what a key is: its tests run in each combination that has it. Accounts and friends are the same through the ORM, and
what they do on that database other environments test. Sites start on SQLite in any case, so with every kind of user
only where that is the database; elsewhere with those that the combination is tested with.
"""

import itertools
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
APPS = ("accounts", "friends", "chat")
USERS = ("integer", "uuid", "text", "named")
COMBINATIONS = [apps for size in (1, 2, 3) for apps in itertools.combinations(APPS, size)]

# Which kind of user model the tests of a combination run with: every app meets every kind, and nothing runs twice.
# All three with "integer" and "uuid" are other environments.
TESTED = [
    (("accounts",), "text"),
    (("friends",), "uuid"),
    (("chat",), "named"),
    (("accounts", "friends"), "integer"),
    (("accounts", "chat"), "uuid"),
    (("friends", "chat"), "integer"),
    (("accounts", "friends", "chat"), "text"),
    (("accounts", "friends"), "named"),
]

COMMANDS = """
import django
django.setup()
from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("makemigrations", check=True, dry_run=True)
call_command("migrate", verbosity=0)
call_command("check", databases=["default"], fail_level="WARNING")
"""


def plan(database):
    """What runs on a database: which combinations start, and the folders of tests of which combinations."""
    if database == "sqlite":
        tested = [(apps, user, apps) for apps, user in TESTED]
        return list(itertools.product(COMBINATIONS, USERS)), tested
    return TESTED, [(apps, user, ["chat"]) for apps, user in TESTED if "chat" in apps]


def environment(apps, user, **more):
    chosen = {"FIND_FRIEND_APPS": ",".join(apps), "FIND_FRIEND_USER": user}
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.projects.any.settings", **chosen, **more}


def run(what, command, env):
    """Whether the command went well; its last words where it did not."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {time.monotonic() - began:5.1f} s  {what}", flush=True)
    if done.returncode:
        print((done.stdout + done.stderr)[-6000:], flush=True)
    elif "pytest" in command:
        print(f"       {done.stdout.strip().splitlines()[-1]}", flush=True)
    return done.returncode == 0


def starts(apps, user):
    with TemporaryDirectory() as folder:
        env = environment(apps, user, FIND_FRIEND_DATABASE="sqlite", FIND_FRIEND_REDIS_URL="", TMPDIR=folder)
        return run(f"commands: {', '.join(apps)}; {user}", [sys.executable, "-W", "error", "-c", COMMANDS], env)


def passes(apps, user, folders, options):
    # tests/hosts: what holds in every combination.
    folders = [f"tests/apps/{app}" for app in folders] + ["tests/hosts/test_every_site.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-r", "fE", "-p", "no:cacheprovider", *folders, *options]
    return run(f"tests: {', '.join(apps)}; {user}", command, environment(apps, user))


def main(options):
    started, tested = plan(os.environ.get("FIND_FRIEND_DATABASE", "sqlite"))
    results = [starts(*site) for site in started]
    results += [passes(*site, options) for site in tested]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
