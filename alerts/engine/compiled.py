"""How functions are compiled: entries that Python calls, what they call, and what is written into its caller."""

from __future__ import annotations

from typing import Any, Final

from numba import njit

_INNER: Final[dict[str, Any]] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,  # kernels allocate nothing: without reference counts there is nothing to count
}

entry = njit(cache=True)
"""Called from Python, kept in numba's file cache together with all that it calls."""

inner = njit(**_INNER)
"""Called from compiled code alone: no wrapper for Python is made, which would take as long as the function."""

gate = njit(forceinline=True, **_INNER)
"""The same, written into its caller by LLVM: the cheap look at every reading."""
