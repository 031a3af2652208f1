from types import SimpleNamespace

import pytest

from tests.docs import servers
from tests.docs.browser import browser
from tests.pages import axe
from tests.pages.sites import Site
from tests.pages.windows import Windows


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A site that no test changes: others are made like it."""
    return Site(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def axe_script():
    try:
        return axe.source()
    except LookupError as error:
        servers.absent(str(error))


@pytest.fixture
def site(template, tmp_path):
    return Site(tmp_path, template)


@pytest.fixture(scope="session")
def shown(template):
    """A site that runs for all tests that only look at it."""
    with template.serving():
        yield template


def opened(chromium, site):
    windows = Windows(chromium, site)
    yield windows
    windows.close()
    assert windows.problems == []


@pytest.fixture
def windows(site, chromium):
    """``windows(name, **options)`` is a page of a context of its own. What goes wrong in one fails the test."""
    yield from opened(chromium, site)


@pytest.fixture
def looking(shown, chromium):
    """The same at the site that runs for all."""
    yield from opened(chromium, shown)


@pytest.fixture
def serving(site):
    with site.serving():
        yield site


@pytest.fixture
def room(template):
    return SimpleNamespace(path=f"/chats/{template.seed['chat']}/", long=f"/chats/{template.seed['long']}/")
