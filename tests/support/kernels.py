"""The engine's kernels, compiled before the tests need them: ``python -m tests.support.kernels``.

With ``NUMBA_BOUNDSCHECK=1`` those that check every index, into the folder where the tests look for them. Otherwise
each process that meets the engine first compiles it for itself, while others wait for that process to be ready.
"""

from __future__ import annotations

import os

from anxin import jit_cache


def compile_them() -> None:
    """Compile the kernels, or find that it has been done."""
    folder = jit_cache.configure()
    if os.environ.get("NUMBA_BOUNDSCHECK") == "1":
        jit_cache.configure(folder.parent / "checked")
    from alerts.engine import Engine  # noqa: PLC0415 - it imports numba, which is told its folder before

    Engine().warm()


if __name__ == "__main__":
    compile_them()
