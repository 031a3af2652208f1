import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def runtests():
    spec = importlib.util.spec_from_file_location("runtests", ROOT / "tests" / "runtests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def environments():
    """The environments of tox.ini with its braces written out."""
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    names = re.search(r"^env_list =\n((?: +\S+\n)+)", text, re.MULTILINE).group(1).split()
    while any("{" in name for name in names):
        names = [expanded for name in names for expanded in expand(name)]
    return names


def expand(name):
    found = re.search(r"\{([^}]*)\}", name)
    if found is None:
        return [name]
    return [name[: found.start()] + part + name[found.end() :] for part in found.group(1).split(",")]


def test_every_supported_pair_is_tested_once():
    pairs = [name for name in environments() if re.fullmatch(r"py\d+-django\d+", name)]
    assert sorted(pairs) == [
        "py310-django52",
        "py311-django52",
        "py312-django52",
        "py312-django60",
        "py312-django61",
        "py313-django52",
        "py313-django60",
        "py313-django61",
    ]


def test_combinations_of_apps_meet_the_oldest_and_the_newest_pair():
    assert {"py310-django52-any", "py313-django61-postgres-any"} <= set(environments())


def test_what_may_fail_is_not_part_of_all():
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    early = text.split("[testenv:pre-release]")[1].split("[testenv")[0]
    assert "pip_pre = true" in early
    assert "pre-release" not in environments()
    assert "`python3 tests/runtests.py -e pre-release`" in (ROOT / "docs" / "contributing.md").read_text(
        encoding="utf-8"
    )


def test_the_developer_of_another_site_has_the_oldest_and_the_newest_django():
    """The newest one is chosen by the test that runs in the environment "dist"."""
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^    (django\d+): (\S+)$", text, re.MULTILINE))
    assert f'integrator.py --django "{pins["django52"]}"' in text
    assert {"py310-django52-integrator", "dist"} <= set(environments())


def test_environments_that_a_page_names_are_there():
    page = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
    named = {name for names in re.findall(r"runtests\.py -e ([\w,-]+)", page) for name in names.split(",")}
    assert named - {"pre-release"} <= set(environments())
    assert {"dist", "py310-django52-integrator", "imports", "types"} <= named


def test_nothing_runs_twice():
    assert len(environments()) == len(set(environments()))


@pytest.mark.parametrize(
    ("version", "environment"),
    [
        ((3, 10, 13), "py310-django52"),
        ((3, 11, 2), "py311-django52"),
        ((3, 12, 1), "py312-django61"),
        ((3, 13, 0), "py313-django61"),
    ],
)
def test_quick_run_takes_the_newest_django(runtests, version, environment):
    assert runtests.quick_env(version) == environment
    assert environment in environments()


def test_an_old_python_is_told_so(runtests):
    assert "3.10 or newer; this is Python 3.9" in runtests.too_old((3, 9, 18))
    assert runtests.too_old((3, 10, 0)) is None
    assert runtests.too_old(sys.version_info) is None


def test_options_for_pytest_stand_after_two_dashes(runtests):
    options, rest = runtests.parse(["--recreate", "--", "-k", "chat", "--", "-x"])
    assert options.recreate
    assert not options.all
    assert rest == ["-k", "chat", "--", "-x"]
    assert runtests.parse(["-e", "lint,docs"])[0].env == "lint,docs"
    assert runtests.parse(["--all"])[0].all


def test_every_django_meets_every_database(runtests):
    djangos = {name.split("-")[1] for name in environments() if re.fullmatch(r"py\d+-django\d+", name)}
    assert runtests.parse(["--every-database"])[0].every_database
    cells = runtests.every_database(environments())
    assert cells == [
        f"py313-{django}{database}" for django in sorted(djangos) for database in ("", "-postgres", "-mariadb")
    ]
    # An older Python counts where no newer one has that Django; only plain pairs do.
    names = [
        "py310-django42",
        "py311-django42",
        "py313-django61",
        "py313-django61-postgres",
        "py314-django62-any",
        "lint",
    ]
    assert runtests.every_database(names)[::3] == ["py311-django42", "py313-django61"]


def test_all_and_one_environment_exclude_each_other(runtests, capsys):
    with pytest.raises(SystemExit) as stop:
        runtests.parse(["--all", "-e", "lint"])
    assert stop.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_servers_that_are_missing_leave_out_their_runs_but_not_in_ci(runtests):
    nowhere = {"DB_PORT": "1", "MYSQL_PORT": "1"}
    names = ["lint", "py313-django61-postgres", "py313-django61-mariadb", "coverage"]
    reasons = runtests.left_out(names, nowhere, True)
    assert reasons["py313-django61-postgres"] == "no PostgreSQL at 127.0.0.1:1 (DB_HOST, DB_PORT)"
    assert reasons["py313-django61-mariadb"] == "no MariaDB at 127.0.0.1:1 (MYSQL_HOST, MYSQL_PORT)"
    assert "left out" in reasons["coverage"]
    assert "lint" not in reasons
    assert runtests.left_out(names, {**nowhere, "CI": "true"}, False) == {}


def test_coverage_needs_the_newest_python(runtests):
    assert runtests.left_out(["lint", "coverage"], {}, True) == {}
    assert list(runtests.left_out(["lint", "coverage"], {}, False)) == ["coverage"]


def test_help_needs_no_environment():
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "runtests.py", "--help"], capture_output=True, text=True, check=True
    )
    assert "--all" in done.stdout
