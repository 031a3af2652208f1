"""Reads the documentation: code blocks, tables and names, as they are printed."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=ticks)\s*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def file(self):
        """The file that the first line names, such as ``# mysite/urls.py``; None where it names none."""
        match = re.match(r"(?:# (\S+\.\w+)|\{# (\S+\.\w+) #\})\n", self.text)
        return match and (match[1] or match[2])


def read(name):
    return (DOCS / name).read_text(encoding="utf-8")


def every_page():
    found = (path.relative_to(DOCS) for path in DOCS.rglob("*.md"))
    return sorted(str(path) for path in found if "_build" not in path.parts)


def blocks(text, *languages):
    found = [Block(match["language"].strip(), match["text"]) for match in FENCE.finditer(text)]
    return [block for block in found if not languages or block.language in languages]


def prose(text):
    """A page without its code blocks."""
    return FENCE.sub("", text)


def section(text, heading):
    """What stands under a heading, down to the next one of the same or a higher level."""
    plain = FENCE.sub(lambda match: re.sub(r"^#", "·", match[0], flags=re.MULTILINE), text)
    start = re.search(rf"^(#+) {re.escape(heading)}\s*$", plain, re.MULTILINE)
    assert start, f"no heading {heading!r}"
    end = re.search(rf"^#{{1,{len(start[1])}}} ", plain[start.end() :], re.MULTILINE)
    return text[start.end() : start.end() + end.start() if end else len(text)]


def rows(text):
    """The rows of every table, as lists of cells; headings and rules are left out."""
    lines = [line.strip() for line in text.splitlines()]
    found = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|") and not re.fullmatch(r"[|\s:-]+", line):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif line.startswith("|") and before.startswith("|"):
            found.pop()  # what stands above the rule is the heading
    return found


def code(cell):
    """Everything between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
