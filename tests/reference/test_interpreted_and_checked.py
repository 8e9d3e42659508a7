"""The same lives with the kernels interpreted, and with every index checked: the oracle agrees with both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import alerts
from tests.reference.test_engine_against_oracle import tally

ROOT = Path(alerts.__file__).parent.parent
LIVES = 12
PRINT_TALLY = """
import json, sys
from pathlib import Path
from anxin import jit_cache
jit_cache.configure(Path(sys.argv[1]))
from tests.reference.test_engine_against_oracle import tally
print(json.dumps(sorted([*work, times] for work, times in tally(int(sys.argv[2])).items())))
"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("variable", "folder"), [("NUMBA_DISABLE_JIT", "interpreted"), ("NUMBA_BOUNDSCHECK", "checked")]
)
def test_the_oracle_agrees_also_with_kernels_that_are(variable: str, folder: str) -> None:
    cache = Path(os.environ["NUMBA_CACHE_DIR"]).parent / folder
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT_TALLY, str(cache), str(LIVES)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), variable: "1"},
        capture_output=True, text=True, check=False, timeout=380,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-10_000:]
    assert json.loads(done.stdout) == sorted([*work, times] for work, times in tally(LIVES).items())
