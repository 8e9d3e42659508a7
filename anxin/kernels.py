"""Compiling the engine on two processors: ``python -m anxin.kernels`` compiles one half into the same cache.

The compiler holds one lock a process, so it takes a second process. Whoever needs both halves compiles the larger one
first and finds the other one done.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from anxin import jit_cache

_OF_THE_OTHER_HALF: Final = "*/kernel.advance-*.nbi"


@contextmanager
def compiled_beside(folder: Path) -> Iterator[None]:
    """Let a second process compile meanwhile; it ends with the block at the latest. None starts when all is there.

    Args:
        folder: the one of ``jit_cache.configure``.
    """
    if any(folder.glob(_OF_THE_OTHER_HALF)):
        yield
        return
    beside = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        beside.terminate()
        beside.wait()


def _compile() -> None:
    jit_cache.configure()
    from alerts.engine import Engine  # after: it imports numba, which is told its folder

    Engine.warm_beside()


if __name__ == "__main__":
    _compile()
