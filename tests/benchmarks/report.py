"""The tables, and the file with everything that was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from statistics import median

from .scenarios import OURS, Bench, Result


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    rows = [head, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    rows.insert(1, ["-" * width for width in widths])
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in padded)


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratios(bench: Bench) -> str:
    rows = []
    for figure in bench.figures:
        if not figure.ratios:
            continue
        goal = "" if figure.goal is None else f"{'<=' if figure.at_most else '>='} {figure.goal:g}"
        verdict = {None: "", True: "reached", False: "MISSED"}[figure.reached]
        spread = f"{number(min(figure.ratios))}-{number(max(figure.ratios))}"
        rows.append([
            figure.name, figure.reference, number(median(figure.ours)), number(median(figure.theirs)), figure.unit,
            number(figure.ratio), spread, goal, verdict,
        ])  # fmt: skip
    return table(["what", "against", "ours", "theirs", "unit", "ratio", "rounds", "goal", ""], rows)


def runs(bench: Bench) -> str:
    """Medians of the rounds; faults are their sum."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in bench.results:
        if result.count.sent:
            groups.setdefault((result.scenario, result.server), []).append(result)
    rows = []
    for (scenario, server), results in groups.items():
        faults = sum((each.count for each in results), results[0].count.__class__()).faults
        cpu = [
            number(median(each.cpu[name] for each in results)) if name in results[0].cpu else "-"
            for name in ("server", "postgres", "redis")
        ]
        middle = [number(median(getattr(each, name) for each in results)) for name in ("rate", "p50", "p99")]
        rows.append([
            scenario, server, *middle,
            " + ".join(cpu), f"{median(each.generator_busy for each in results):.0%}",
            ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in faults.items()) or "0",
        ])  # fmt: skip
    head = ["run", "server", "msg/s", "p50 ms", "p99 ms", "CPU us/msg, server + pg + redis", "generator", "faults"]
    return table(head, rows)


def lists(bench: Bench) -> str:
    if not bench.lists:
        return ""
    rows = [[name, number(value) if isinstance(value, float) else str(value)] for name, value in bench.lists.items()]
    return table(["lists and pages", ""], rows)


def generator_verdict(bench: Bench) -> str:
    """Whether the generator is fast enough to be trusted."""
    alone = [each.rate for each in bench.results if each.scenario.startswith("generator alone")]
    others = [each for each in bench.results if not each.scenario.startswith("generator") and each.generator_busy]
    if not alone or not others:
        return ""
    fastest = max(others, key=lambda each: each.rate)
    times, busiest = min(alone) / fastest.rate, max(each.generator_busy for each in others)
    enough = "enough" if times >= 3 else "LESS than the 3 times that it should be"
    return (
        f"The generator alone manages {min(alone):.0f} msg/s or more: {times:.1f} times the fastest run "
        f"({fastest.server}, {fastest.rate:.0f}), {enough}. It was busy for {busiest:.0%} of its core at most."
    )


def text(bench: Bench) -> str:
    parts = [runs(bench), ratios(bench), lists(bench), generator_verdict(bench)]
    parts += [f"Note: {note}" for note in bench.notes]
    parts += [f"FAILED: {failure}" for failure in bench.failures]
    return "\n\n".join(part for part in parts if part)


def write(bench: Bench, path: Path, versions: dict[str, str]) -> None:
    whole = {
        "versions": versions,
        "options": asdict(bench.options),
        "results": [asdict(each) for each in bench.results],
        "figures": [{**asdict(each), "ratio": each.ratio, "reached": each.reached} for each in bench.figures],
        "lists": bench.lists,
        "notes": bench.notes,
        "failures": bench.failures,
    }
    path.write_text(json.dumps(whole, indent=1))


__all__ = ["OURS", "text", "write"]
