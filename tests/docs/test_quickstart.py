"""The quick start is followed to the letter in an empty folder, and the README prints the same blocks."""

import re

import pytest

import find_friend
from tests.docs import pages, servers
from tests.processes import free_port

PAGE, RUSSIAN = pages.read("quickstart.md"), pages.read("quickstart.ru.md")
README = (pages.ROOT / "README.md").read_text(encoding="utf-8")
SERVERS = ["daphne -b 127.0.0.1 -p 8000 mysite.asgi:application", "uvicorn mysite.asgi:application --port 8000"]


def step(number):
    heading = re.search(rf"^## ({number}\. .+)$", PAGE, re.MULTILINE)[1]
    return pages.section(PAGE, heading)


@pytest.fixture
def shell(tmp_path):
    env = servers.environment()

    def run(script, cwd=tmp_path / "mysite"):
        return servers.shell(script, cwd=cwd, env=env)

    run.env = env
    return run


@pytest.fixture
def site(tmp_path, shell):
    """Steps 1 to 4, all but the server."""
    for block in pages.blocks(step(1), "sh"):
        shell(block.text, cwd=tmp_path)
    folder = tmp_path / "mysite"
    (settings,) = pages.blocks(step(2), "python")
    with (folder / settings.file).open("a", encoding="utf-8") as file:
        file.write(f"\n{settings.text}")
    for block in pages.blocks(step(3), "python"):
        (folder / block.file).write_text(block.text, encoding="utf-8")
    prepare, _server = pages.blocks(step(4), "sh")
    assert "no issues" in shell(prepare.text)
    return folder


@pytest.mark.server
@pytest.mark.parametrize("command", SERVERS, ids=["daphne", "uvicorn"])
def test_two_people_talk_after_five_steps(site, shell, command):
    assert command in step(4)
    port = free_port()
    script, client = pages.blocks(step(5), "python", "sh")
    (printed,) = pages.blocks(step(5), "text")
    (site / script.file).write_text(script.text.replace("8000", str(port)), encoding="utf-8")
    with servers.serving(command.replace("8000", str(port)), port, cwd=site, env=shell.env) as log:
        assert shell(client.text) == printed.text
        assert shell(client.text) == printed.text  # and once more
    assert "Traceback" not in log.read_text()


def test_readme_prints_the_same_blocks():
    quick = pages.section(README, "Quick start")
    assert pages.blocks(quick) == pages.blocks(pages.section(PAGE, "Quick start"))


def test_the_russian_page_has_the_same_blocks_under_the_same_steps():
    def steps(page):
        return [pages.blocks(part) for part in re.split(r"^## \d\. ", page, flags=re.MULTILINE)]

    assert steps(RUSSIAN) == steps(PAGE)
    assert len(steps(PAGE)) == 6


def test_the_russian_page_names_the_same_things():
    english, russian = (set(re.findall(r"`([^`\n]+)`", pages.prose(page))) for page in (PAGE, RUSSIAN))
    assert english - {"walkthrough"} <= russian


INSTALLS = re.compile(r"pip install [^\n]*django[-_]find[-_]friend[^\n]*")


@pytest.mark.parametrize("page", ["../README.md", *pages.every_page()])
def test_install_commands_name_the_wheel_of_this_version_and_an_extra_that_exists(page):
    metadata = (pages.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wheel = f"dist/django_find_friend-{find_friend.__version__}-py3-none-any.whl"
    for command in INSTALLS.findall(pages.read(page)):
        named = re.search(rf"{re.escape(wheel)}(?:\[(\w+)\]\")?$", command)
        assert named, f"{command}: not the wheel that the repository builds"
        assert not named[1] or re.search(rf"^{named[1]} = ", metadata, re.MULTILINE), command


def test_install_commands_are_found_at_all():
    found = {page for page in pages.every_page() if INSTALLS.search(pages.read(page))}
    assert found == {"quickstart.md", "quickstart.ru.md", "testing.md", "tutorial.md", "upgrading.md"}
