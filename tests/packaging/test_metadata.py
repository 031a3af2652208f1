import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import find_friend

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared(pyproject):
    project = pyproject["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    found = [Requirement(text) for group in groups for text in group]
    return [requirement for requirement in found if requirement.name != project["name"]]


def test_core_needs_four_libraries(pyproject):
    names = [Requirement(text).name for text in pyproject["project"]["dependencies"]]
    assert names == ["Django", "djangorestframework", "channels", "django-model-utils"]


def test_dependencies_are_never_pinned(pyproject):
    groups = [*pyproject["dependency-groups"].values(), map(str, declared(pyproject))]
    texts = [text for group in groups for text in group if isinstance(text, str)]
    assert [text for text in texts if "==" in text or "<" in text] == []


def test_lower_bounds_are_the_versions_that_are_tested(pyproject):
    lines = (ROOT / "tests" / "packaging" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    tested = sorted(line.replace("==", ">=") for line in lines if line and not line.startswith("#"))
    assert tested == sorted(str(requirement) for requirement in declared(pyproject))


def test_version_is_the_same_everywhere(pyproject):
    assert pyproject["project"]["version"] == find_friend.__version__


def test_changelog_has_unreleased_on_top():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
