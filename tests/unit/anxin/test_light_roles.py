"""Whoever needs no detector does not pay for the engine: its compiler takes seconds to load, and 100 MB."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alerts import aftermath, felt, trace
from alerts.engine import jolts, motion
from alerts.engine.detectors import fall_motion


@pytest.mark.parametrize(
    "module", ["dashboards.api.server", "dashboards.web.pages", "alerts.dispatcher", "anxin.roles"]
)
def test_console_and_dispatcher_load_no_compiler(module: str) -> None:
    code = f"import sys, {module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_what_they_know_of_the_engine_is_what_it_goes_by() -> None:
    assert aftermath.LAIN_FROM_S == fall_motion.LAIN_S
    assert aftermath.WALKED_FROM_S[0] == fall_motion.WALKED_S
    assert trace.BRIDGED_MS * 1000 == motion.BRIDGED_US
    assert felt.STILL_MG == jolts.STILL_MG
