"""The same lives with the kernels interpreted, and with every index checked: the oracle agrees with both."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import alerts
from tests.reference.play import Work
from tests.reference.test_engine_against_oracle import lived, whole_lives

ROOT = Path(alerts.__file__).parent.parent
PRINT_WORK = """
import json, pickle, sys
from collections import Counter
from pathlib import Path
from anxin import jit_cache
jit_cache.configure(Path(sys.argv[1]))
from tests.reference.test_engine_against_oracle import lived
said = sum(map(lived, pickle.loads(Path(sys.argv[2]).read_bytes())), Counter())
print(json.dumps(sorted([*work, times] for work, times in said.items())))
"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("variable", "folder"), [("NUMBA_DISABLE_JIT", "interpreted"), ("NUMBA_BOUNDSCHECK", "checked")]
)
def test_the_oracle_agrees_also_with_kernels_that_are(variable: str, folder: str, tmp_path: Path) -> None:
    lives = whole_lives(seeds=3)
    kept = tmp_path / "lives"
    kept.write_bytes(pickle.dumps(lives))
    cache = Path(os.environ["NUMBA_CACHE_DIR"]).parent / folder
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRINT_WORK, str(cache), str(kept)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), variable: "1"},
        capture_output=True, text=True, check=False, timeout=380,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-10_000:]
    said = sum(map(lived, lives), Counter[Work]())
    assert json.loads(done.stdout) == sorted([*work, times] for work, times in said.items())
