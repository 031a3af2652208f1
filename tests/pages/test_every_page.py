"""What holds on every page: no error, nothing from other hosts, nothing that shuts anybody out, at any size."""

import pytest
from django.urls import get_resolver

from tests.pages import axe
from tests.pages.every import NO_PAGES, PAGES

pytestmark = pytest.mark.server
SMALL, LARGE = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SEEN = [
    pytest.param("en", "light", LARGE, id="en-light-1280"),
    pytest.param("ru", "dark", SMALL, id="ru-dark-360"),
]
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def names_of(namespace):
    _prefix, resolver = get_resolver().namespace_dict[namespace]
    return {name for name in resolver.reverse_dict if isinstance(name, str)}


@pytest.mark.parametrize("namespace", NO_PAGES)
def test_no_page_is_left_out(namespace):
    listed = {page.url.partition(":")[2] for page in PAGES if page.url.startswith(f"{namespace}:")}
    assert listed | NO_PAGES[namespace] == names_of(namespace)
    assert not listed & NO_PAGES[namespace]


@pytest.fixture(scope="module")
def screens(chromium, shown):
    """``screens(who, locale, scheme, viewport)`` is a window that the tests of this module share."""
    from tests.pages.windows import Windows

    windows, kept = Windows(chromium, shown), {}

    def screen(who, locale, scheme, viewport):
        key = (who, locale)
        if key not in kept:
            kept[key] = windows(who, locale=locale, color_scheme=scheme, viewport=viewport)
        windows.problems.clear()
        return kept[key], windows.problems

    yield screen
    windows.close()


@by_name
@pytest.mark.parametrize(("locale", "scheme", "viewport"), SEEN)
def test_a_page(shown, screens, axe_script, page, locale, scheme, viewport):
    window, problems = screens(page.who, locale, scheme, viewport)
    answer = window.goto(shown.seed["pages"][page.name], wait_until="load")
    assert answer.status == page.status
    assert "'unsafe-" not in answer.headers["content-security-policy"]
    assert window.get_attribute("html", "lang") == locale
    assert window.locator("h1").count() == 1
    assert window.title()
    assert overflow(window) == []
    assert axe.audit(window, axe_script) == []
    assert [problem for problem in problems if f"status of {page.status}" not in problem] == []


def overflow(window):
    """What stands out to the right of the screen."""
    return window.evaluate(
        """() => {
            const room = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= room) return [];
            const wide = (node) => node.getBoundingClientRect().right > room + 1;
            return [...document.querySelectorAll("body *")].filter(wide).map((node) => node.outerHTML.slice(0, 120));
        }"""
    )


@by_name
def test_a_page_at_320_pixels(shown, screens, page):
    """The smallest width that WCAG names: what is shown at 1280 and enlarged four times."""
    window, _problems = screens(page.who, "ru-RU", "light", {"width": 320, "height": 640})
    window.goto(shown.seed["pages"][page.name])
    assert overflow(window) == []
