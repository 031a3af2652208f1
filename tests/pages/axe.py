"""axe-core, an audit of accessibility, out of npm: kept outside of the repository, in the user's folder of caches."""

import os
import shutil
import subprocess
from pathlib import Path

VERSION = "4.10.3"
RUN = """async (tags) => {
    const found = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
    return found.violations.map(({ id, help, nodes }) =>
        `${id}: ${help}: ` +
        nodes.map(({ html, any, all }) => `${html} ${[...any, ...all].map((one) => one.message)}`).join(" | ")
    );
}"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def folder():
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "django-find-friend-tests" / f"axe-core-{VERSION}"


def source():
    """The text of the script. Raises LookupError where npm is missing or does not answer."""
    script = folder() / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        install(folder())
    return script.read_text(encoding="utf-8")


def install(into):
    if not (shutil.which("node") and shutil.which("npm")):
        raise LookupError("node or npm is not installed: apt-get install npm")
    into.mkdir(parents=True, exist_ok=True)
    (into / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries", "0", f"axe-core@{VERSION}"]
    try:
        done = subprocess.run(command, cwd=into, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        raise LookupError("npm did not answer within two minutes") from None
    if done.returncode:
        raise LookupError(f"npm install failed: {done.stderr.strip().splitlines()[-1:]}")


def audit(window, script):
    """What axe finds on the page that the window shows, as texts. No policy of the page holds back the script."""
    if not window.evaluate("typeof axe === 'object'"):
        window.evaluate(script)
    return window.evaluate(RUN, TAGS)
