"""Keep the translations in step with the texts in the code.

    python .ci/messages.py            collect the texts into the catalogues and compile them
    python .ci/messages.py --check    change nothing; fail where that would change or miss something

Needs GNU gettext. Without it the check passes with a word about it, but fails in CI.
"""

import argparse
import difflib
import gettext
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["ru"]
FOLDERS = [ROOT / "find_friend", ROOT / "example_project" / "people"]


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def collect(folder):
    """Write the catalogues of ``folder`` from its source."""
    names = [part for language in LANGUAGES for part in ("--locale", language)]
    run(sys.executable, "-m", "django", "makemessages", *names, "--add-location", "file", "--no-wrap", cwd=folder)


def compile_catalogs(folder):
    for source in catalogs(folder):
        run("msgfmt", "--check", "--output-file", source.with_suffix(".mo"), source, cwd=folder)


def catalogs(folder):
    return sorted((folder / "locale").glob("*/LC_MESSAGES/*.po"))


def lines(path):
    """A catalogue without the date of its collection."""
    if not path.exists():
        return []
    return [line for line in path.read_text(encoding="utf-8").splitlines() if "POT-Creation-Date" not in line]


def compiled(path):
    if not path.exists():
        return None
    with path.open("rb") as file:
        found = gettext.GNUTranslations(file)._catalog
    return {key: text for key, text in found.items() if key}


def problems(folder):
    """What is wrong with the catalogues of ``folder``, as texts."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for language in LANGUAGES:
            (copy / "locale" / language / "LC_MESSAGES").mkdir(parents=True, exist_ok=True)
        collect(copy)
        compile_catalogs(copy)
        for fresh in catalogs(copy):
            ours = folder / fresh.relative_to(copy)
            name = str(ours.relative_to(ROOT))
            yield from difflib.unified_diff(lines(ours), lines(fresh), name, f"{name} as collected", lineterm="", n=1)
            for kind, option in (("translation missing", "--untranslated"), ("translation is fuzzy", "--only-fuzzy")):
                found = run("msgattrib", option, "--no-obsolete", "--no-wrap", "--no-location", fresh, cwd=copy)
                entries = found.split("\n\n")[1:]  # the first is the header
                yield from (f"{name}: {kind}: {' '.join(entry.split())}" for entry in entries if entry.strip())
            if compiled(ours.with_suffix(".mo")) != compiled(fresh.with_suffix(".mo")):
                yield f"{name}: the compiled catalogue beside it is out of date"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    absent = [program for program in ("xgettext", "msgmerge", "msgfmt", "msgattrib") if shutil.which(program) is None]
    if absent:
        print(f"GNU gettext is not installed ({', '.join(absent)}).")
        return 1 if os.environ.get("CI") or not options.check else 0
    if not options.check:
        for folder in FOLDERS:
            collect(folder)
            compile_catalogs(folder)
        return 0
    found = [line for folder in FOLDERS for line in problems(folder)]
    for line in found:
        print(line)
    print(
        f"{len(found)} problems; python .ci/messages.py collects and compiles."
        if found
        else "Translations are up to date."
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
