"""The long set in one command: python -m tests.faults [--rounds 100] [--minutes 10] [--clients 2000] [--only TEXT]

Prints a table and leaves the logs, histories and a summary in a folder.
"""

import argparse
import asyncio
import json
import tempfile
import time
import traceback
from pathlib import Path

from .services import missing
from .sets import long_set, short_set
from .site import Machine

LONGEST = 3600  # seconds


def options():
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100, help="kills at each crash point")
    parser.add_argument("--minutes", type=float, default=10, help="of kills at random")
    parser.add_argument("--clients", type=int, default=2000, help="of the reconnect storm")
    parser.add_argument("--sweep", type=float, default=25, help="CHAT_SWEEP_INTERVAL of the site, in seconds")
    parser.add_argument("--only", default="", help="scenarios with this text in their names")
    parser.add_argument("--short", action="store_true", help="the short set instead")
    parser.add_argument("--folder", type=Path, help="where everything goes; a temporary folder otherwise")
    return parser.parse_args()


def run(machine, name, scenario, sizes):
    """One line of the summary."""
    began = time.monotonic()
    line = {"name": name, "sizes": sizes}
    try:
        machine.mend()
        outcome = asyncio.run(asyncio.wait_for(scenario(machine, **sizes), LONGEST))
    except Exception:
        line |= {"problems": [traceback.format_exc()], "figures": {}}
    else:
        line |= {
            "problems": [str(problem) for problem in outcome.problems],
            "figures": outcome.figures,
            "folder": str(outcome.folder),
        }
    return {**line, "seconds": round(time.monotonic() - began, 1)}


def row(line):
    verdict = f"{len(line['problems'])} PROBLEMS" if line["problems"] else "holds"
    figures = ", ".join(f"{name} {value}" for name, value in line["figures"].items())
    return f"| {line['name']} | {verdict} | {line['seconds']:.0f} s | {figures} |"


def main():
    chosen = options()
    if absent := missing():
        print(f"not installed: {', '.join(absent)}")
        return 2
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="find_friend-faults-"))
    cases = (
        short_set()
        if chosen.short
        else long_set(rounds=chosen.rounds, minutes=chosen.minutes, clients=chosen.clients, sweep=chosen.sweep)
    )
    machine, lines = Machine(folder), []
    try:
        machine.start()
        print(f"Everything is in {folder}\n\n| fault | I0 and more | took | figures |\n| --- | --- | --- | --- |")
        with (folder / "summary.jsonl").open("a") as summary:
            for name, scenario, sizes in cases:
                if chosen.only in name:
                    lines.append(run(machine, name, scenario, sizes))
                    print(row(lines[-1]), flush=True)
                    summary.write(json.dumps(lines[-1], default=str, ensure_ascii=False) + "\n")
                    summary.flush()
    finally:
        machine.stop()
    broken = [line for line in lines if line["problems"]]
    for line in broken:
        print(f"\n{line['name']}", *line["problems"][:10], sep="\n")
    print(f"\n{len(lines) - len(broken)} of {len(lines)} hold, {sum(line['seconds'] for line in lines):.0f} s")
    return 1 if broken else 0
