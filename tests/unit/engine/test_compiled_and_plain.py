"""The kernels say the same compiled, interpreted and with bounds checks; a changed detector is compiled anew."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import alerts
from alerts.engine import Engine
from tests.reference.oracle import Told
from tests.reference.streams import START, batch_of, beat, fix, one_of_each, press

ROOT = Path(alerts.__file__).parent.parent
PRINT_DIGEST = """
from tests.unit.engine.test_compiled_and_plain import digest_of_a_long_day
print(digest_of_a_long_day())
"""
PRINT_FOLDER = """
import sys
from pathlib import Path
from anxin import jit_cache
print(jit_cache.configure(Path(sys.argv[1])))
"""
PRINT_OPENINGS = """
import sys
from pathlib import Path
from anxin import jit_cache
jit_cache.configure(Path(sys.argv[1]))
from tests.unit.engine.test_compiled_and_plain import openings
import alerts.engine
assert alerts.engine.__file__.startswith(sys.argv[2])
print(openings())
kernels = [module for name, module in sys.modules.items() if name.startswith("alerts.engine.")]
functions = [function for module in kernels for function in vars(module).values()]
twice = {one.py_func.__qualname__ for one in functions if len(getattr(one, "overloads", ())) > 1}
assert not twice, f"compiled twice: {sorted(twice)}"
"""


def stream() -> list[Told]:
    """A few thousand readings of every kind, in and out of order, from everybody."""
    rng = np.random.default_rng(7)
    told: list[Told] = []
    for i in range(1500):
        t = START + i * 20_000 - int(rng.integers(0, 3)) * 50_000
        band = int(rng.integers(0, 3))
        received = t + int(rng.choice([0, 500, 700_000]))
        match int(rng.integers(0, 4)):
            case 0:
                told.append(beat(t, band, received=received, battery_pct=float(rng.integers(0, 100)), interval_s=60.0))
            case 1:
                told.append(press(t, band, received=received, seq=i, cancel=bool(rng.integers(0, 2))))
            case _:
                told.append(fix(t, float(rng.choice([0, 280, 310, 600])), band, received=received, seq=i))
    return told


def digest_of_a_long_day() -> str:
    """All that the engine says about the stream, batch by batch, and what it knows at the end."""
    engine = Engine()
    engine.apply(one_of_each())
    digest = hashlib.sha256()
    told = stream()
    for i in range(0, len(told), 50):
        now = told[i].t + 1_000_000
        digest.update(engine.process(batch_of(told[i : i + 50]), now)["values"].tobytes())
        digest.update(engine.advance(now, START).tobytes())
        if i % 100:
            engine.rollback()
        engine.commit()
    digest.update(engine.snapshot())
    return digest.hexdigest()


def openings() -> int:
    """How many alarms two fixes far outside of the zone raise, sooner after each other than has to last."""
    engine = Engine()
    engine.apply(one_of_each())
    return len(engine.process(batch_of([fix(START, 900), fix(START + 20_000, 900)]), START + 20_000))


def in_a_fresh_process(code: str, *arguments: str, root: Path = ROOT, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root), **environment},
        capture_output=True, text=True, check=False, timeout=390,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_interpreted_says_the_same() -> None:
    assert in_a_fresh_process(PRINT_DIGEST, NUMBA_DISABLE_JIT="1") == digest_of_a_long_day()


def test_bounds_checks_find_nothing() -> None:
    cache = Path(os.environ["NUMBA_CACHE_DIR"])
    kept = cache.parent / "checked" / cache.name
    checked = in_a_fresh_process(PRINT_DIGEST, NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(kept))
    assert checked == digest_of_a_long_day()


@pytest.mark.timeout(900)
def test_an_edited_detector_is_compiled_anew(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for package in ("alerts", "anxin", "devices", "tests/reference", "tests/unit/engine"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    assert openings() == 0
    jit = str(tmp_path / "jit")
    as_it_was = in_a_fresh_process(PRINT_FOLDER, jit, root=copy)
    detector = copy / "alerts/engine/detectors/zone_exit.py"
    source = detector.read_text()
    dwell = 'order - episode["far_since"] >= p["zone_exit_dwell_ms"]'
    assert dwell in source
    stamp = detector.stat()
    detector.write_text(source.replace(dwell, 'order - episode["far_since"] >= 10_000'.ljust(len(dwell))))
    os.utime(detector, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    shutil.rmtree(detector.parent / "__pycache__", ignore_errors=True)
    assert in_a_fresh_process(PRINT_FOLDER, jit, root=copy) != as_it_was, "nothing old can be taken from there"
    assert in_a_fresh_process(PRINT_OPENINGS, jit, str(copy), root=copy) == "1"


def test_the_same_sources_have_the_same_folder(tmp_path: Path) -> None:
    first = in_a_fresh_process(PRINT_FOLDER, str(tmp_path))
    assert Path(first).parent == tmp_path
    assert Path(first).is_dir()
    assert in_a_fresh_process(PRINT_FOLDER, str(tmp_path)) == first
