"""A site that overrides one template and some tokens changes these, and nothing else."""

import pytest

from tests.pages.sites import NO_PART_OF_PAGES, Site
from tests.pages.windows import Windows

pytestmark = pytest.mark.server
BASE = """{% extends "find_friend/base.html" %}
{% load static %}
{% block brand %}Chess club{% endblock %}
{% block head %}{{ block.super }}<link rel="stylesheet" href="{% static "club.css" %}">{% endblock %}
"""
EMPTY = '<p class="club-empty">Nothing on the board.</p>'
TOKENS = ":root { --ff-accent: #0b6b4f; --ff-radius: 0.25rem; }"
PATHS = ["/friends/", "/people/", "/account/", "/chats/"]
# What is seen of a page: every element with its classes, its own words, its place and how it looks.
SEEN = """() => [...document.querySelectorAll("body, body *:not(script)")].map((node) => {
    const style = getComputedStyle(node);
    const texts = [...node.childNodes].filter((one) => one.nodeType === 3);
    const words = texts.map((one) => one.data.trim()).join(" ").trim();
    const look = ["color", "backgroundColor", "borderTopColor", "borderTopLeftRadius", "fontSize", "display"];
    const inside = node.closest(".ff-empty, .club-empty") !== null;
    return [node.tagName, node.className?.baseVal ?? node.className, words, inside, ...look.map((name) => style[name])];
})"""
CLASS, WORDS, INSIDE, RADIUS = 1, 2, 3, 7


@pytest.fixture
def club(template, tmp_path):
    """The same site with files of its own: templates, and a style sheet that its base template names."""
    folder = tmp_path / "club"
    elements = folder / "templates" / "find_friend" / "elements"
    elements.mkdir(parents=True)
    (folder / "styles").mkdir()
    (folder / "templates" / "find_friend" / "base.html").write_text(BASE)
    (elements / "empty.html").write_text(EMPTY)
    (folder / "styles" / "club.css").write_text(TOKENS)
    site = Site(
        folder, template, DJANGO_SETTINGS_MODULE="tests.pages.club", FIND_FRIEND_SITE_STATIC=str(folder / "static")
    )
    ignored = [f"--ignore={pattern}" for pattern in NO_PART_OF_PAGES]
    site.python("-m", "django", "collectstatic", "--no-input", "--verbosity", "0", *ignored)
    with site.serving():
        yield site


def seen(chromium, site, who):
    windows = Windows(chromium, site)
    window = windows(who, viewport={"width": 1280, "height": 800})
    found = {}
    for path in PATHS:
        window.goto(path)
        found[path] = window.evaluate(SEEN)
    windows.close()
    assert windows.problems == []
    return found


def test_tokens_and_a_block_change_what_they_name(chromium, shown, club):
    ours, theirs = seen(chromium, shown, "Ann"), seen(chromium, club, "Ann")
    accent, other = "rgb(74, 67, 201)", "rgb(11, 107, 79)"
    for path in PATHS:
        assert len(ours[path]) == len(theirs[path])
        changed = [pair for pair in zip(ours[path], theirs[path], strict=True) if pair[0] != pair[1]]
        assert changed, path
        for before, after in changed:
            if "ff-brand" in before[CLASS]:
                assert (before[WORDS], after[WORDS]) == ("Find a friend", "Chess club")
                before[WORDS] = after[WORDS]
            assert [other if value == accent else value for value in before[:RADIUS]] == after[:RADIUS]
            assert before[RADIUS] == after[RADIUS] or (before[RADIUS], after[RADIUS]) == ("10px", "4px")
            assert before[RADIUS + 1 :] == after[RADIUS + 1 :]
        assert any(other in after for _before, after in changed)


def test_one_element_changes_wherever_it_is_included(chromium, shown, club):
    ours, theirs = seen(chromium, shown, "Zoe"), seen(chromium, club, "Zoe")
    for path in PATHS:
        assert around(ours[path]) == around(theirs[path])
    for path in ("/friends/", "/chats/"):
        assert next(node[CLASS] for node in ours[path] if node[INSIDE]) == "ff-empty"
        assert [(node[CLASS], node[WORDS]) for node in theirs[path] if node[INSIDE]] == [
            ("club-empty", "Nothing on the board.")
        ]


def around(nodes):
    """Elements and words that are neither the name of the site nor what stands for an empty list."""
    return [node[: WORDS + 1] for node in nodes if "ff-brand" not in node[CLASS] and not node[INSIDE]]
