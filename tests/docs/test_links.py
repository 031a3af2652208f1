"""Every link of the pages leads somewhere inside of the repository, down to the heading it names.

They are links of plain Markdown, so that they work where the files are shown as they are, too.
"""

import re
from pathlib import Path

import pytest

from tests.docs import pages

ALL = [Path("README.md"), Path("CHANGELOG.md"), *(Path("docs") / page for page in pages.every_page())]
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
LABEL = re.compile(r"^\([\w-]+\)=$", re.MULTILINE)
ROLE = re.compile(r"\{[\w:-]+\}(?=`)")


def read(path):
    text = pages.prose((pages.ROOT / path).read_text(encoding="utf-8"))
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def slug(heading):
    """The anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(path):
    text = read(path)
    return {slug(heading) for heading in re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)}


def inside(path):
    """Target file and anchor of each link that does not leave the repository."""
    for match in LINK.finditer(read(path)):
        file, _, anchor = match["target"].partition("#")
        if "://" not in file and not file.startswith("mailto:"):
            yield match["target"], (path.parent / file if file else path), anchor


@pytest.mark.parametrize("path", ALL, ids=str)
def test_links_lead_to_files_and_headings(path):
    for target, file, anchor in inside(path):
        assert (pages.ROOT / file).exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("path", ALL, ids=str)
def test_addresses_elsewhere_are_encrypted(path):
    assert [match["target"] for match in LINK.finditer(read(path)) if match["target"].startswith("http:")] == []


@pytest.mark.parametrize("path", ALL, ids=str)
def test_no_page_has_roles_or_labels_of_sphinx(path):
    """Write ``[text](page.md#heading)``; the name of a setting in code becomes a link by itself."""
    text = re.sub(r"`[^`]+`", "`code`", read(path))
    assert ROLE.findall(text) + LABEL.findall(text) == []


def test_roles_and_labels_are_found_at_all():
    assert ROLE.findall("See {doc}`chat`, {ref}`here <there>` and `{uid}`.".replace("`{uid}`", "`code`")) == [
        "{doc}",
        "{ref}",
    ]
    assert LABEL.findall("Before\n\n(health)=\n## Health") == ["(health)="]


@pytest.mark.parametrize("path", ALL, ids=str)
def test_links_have_a_text(path):
    """MyST would put a title into ``[](page.md)``; elsewhere nothing is seen of it."""
    assert "[](" not in read(path)


def test_every_page_is_in_the_table_of_contents():
    texts = [pages.read("index.md"), pages.read("customizing.md")]
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", "".join(texts), re.MULTILINE | re.DOTALL)
    listed = [line for tree in trees for line in tree.split() if not line.startswith(":")]
    assert {"index.md", *(f"{name}.md" for name in listed)} >= set(pages.every_page())


def test_headings_are_found_at_all():
    assert "stopping-a-server-draining" in anchors(Path("docs/deployment.md"))
