"""How functions are compiled: entries that Python calls, what they call, and what is written into its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])
_INNER: Final[dict[str, Any]] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,  # kernels allocate nothing: without reference counts there is nothing to count
}
WOVEN: Final[Any] = {"forceinline": True, "_nrt": False}
"""How what is composed at compile time is written into its caller."""


def entry(function: _Function) -> _Function:
    """Called from Python; kept in numba's file cache together with all that it calls."""
    return njit(cache=True)(function)  # type: ignore[return-value]


def inner(function: _Function) -> _Function:
    """Called from compiled code alone: no wrapper for Python is made, which takes as long as the function itself."""
    compiled: _Function = njit(**_INNER)(function)
    return compiled


def gate(function: _Function) -> _Function:
    """The same, written into its caller by LLVM: the cheap look at every reading."""
    compiled: _Function = njit(forceinline=True, **_INNER)(function)
    return compiled
