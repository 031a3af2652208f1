"""The short set: real servers, private databases, and the checker's verdict."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from .services import missing
from .sets import short_set
from .site import Machine

LONGEST = 90  # seconds, for one scenario with everything that it waits for
SCENARIOS = list(short_set())

pytestmark = [pytest.mark.faults, pytest.mark.server]


@pytest.fixture(scope="module")
def machine(request):
    """Not in pytest's own folder, which the unprivileged servers may not enter. It stays where something failed."""
    absent = missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(absent)}")
    failed = request.session.testsfailed
    folder = Path(tempfile.mkdtemp(prefix="find_friend-faults-"))
    made = Machine(folder)
    try:
        yield made.start()
    finally:
        made.stop()
        if request.session.testsfailed == failed:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(("scenario", "sizes"), [case[1:] for case in SCENARIOS], ids=[case[0] for case in SCENARIOS])
async def test_the_promise_is_kept(machine, scenario, sizes):
    machine.mend()
    outcome = await asyncio.wait_for(scenario(machine, **sizes), LONGEST)
    print(outcome)
    assert not outcome.problems, str(outcome)
