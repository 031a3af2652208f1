"""The page about the test kit: its files are put into a site and run, and its tables name what is there."""

import inspect
import re
import sys

import pytest

from find_friend import testing
from find_friend.testing import plugin
from tests.docs import pages, servers

PAGE = pages.read("testing.md")
SETTINGS = "from tests.projects.full.settings import *\n"


def test_every_printed_file_runs_as_it_is(tmp_path):
    files = [block for block in pages.blocks(PAGE, "python", "ini") if block.file]
    for block in files:
        (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    (tmp_path / "mysite").mkdir()
    (tmp_path / "mysite" / "settings.py").write_text(SETTINGS, encoding="utf-8")
    env = servers.environment()
    env["PYTHONPATH"] += f":{tmp_path}"
    printed = servers.shell(f"'{sys.executable}' -m pytest -q -p no:cacheprovider", cwd=tmp_path, env=env, timeout=500)
    tests = sum(len(re.findall(r"^(?:async )?def test_|^class Test", block.text, re.MULTILINE)) for block in files)
    assert f"{tests} passed" in printed


def calls(heading):
    found = [pages.code(cells[0])[0] for cells in pages.rows(pages.section(PAGE, heading))]
    return {call.partition("(")[0]: call for call in found}


def test_every_fixture_is_listed():
    fixtures = {name for name in vars(plugin) if name.startswith("find_friend_")}
    assert calls("With pytest").keys() == fixtures


def test_every_factory_is_listed_with_its_arguments():
    listed = calls("Users, and what is between them")
    assert listed.keys() == {name for name in testing.__all__ if name.startswith("create_")} | {"api_client"}
    for name, call in listed.items():
        parameters = [parameter.strip("* ") for parameter in re.findall(r"[(,] ?(\**\w+)", call)]
        assert parameters == list(inspect.signature(getattr(testing, name)).parameters), name


@pytest.mark.parametrize("name", testing.__all__)
def test_everything_public_is_on_the_page(name):
    assert re.search(rf"\b{name}\b", PAGE), name
