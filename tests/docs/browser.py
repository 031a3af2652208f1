"""A real browser, for the pages that end in one."""

import importlib.util
import shutil
from contextlib import contextmanager

from tests.docs import servers

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # of no use to pages of our own, and not to be had in many containers
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def browser():
    """A headless Chromium; each of its contexts has cookies of its own, as a private window has."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        servers.absent("no browser is installed: apt-get install chromium")
    if importlib.util.find_spec("playwright") is None:
        servers.absent("playwright is not installed: python -m pip install playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()
