"""What is broken, and what has to hold meanwhile. A scenario takes the machine and its sizes, and gives an Outcome."""

from dataclasses import dataclass, field


@dataclass
class Outcome:
    problems: list
    figures: dict = field(default_factory=dict)
    folder: object = None

    def __str__(self):
        shown = "\n".join(map(str, self.problems[:20]))
        return f"{len(self.problems)} problems, {self.figures}, {self.folder}\n{shown}"
