"""How functions are compiled: entries that Python calls, what they call, and what is written into its caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import config, njit, types

_Function = TypeVar("_Function", bound=Callable[..., Any])
_ENTRY: Final[dict[str, Any]] = {"cache": True, "no_cfunc_wrapper": True}
_INNER: Final[dict[str, Any]] = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,  # kernels allocate nothing: without reference counts there is nothing to count
}
WOVEN: Final[Any] = {"forceinline": True, "_nrt": False}
"""How what is composed at compile time is written into its caller."""


def _once(compiled: Any) -> Any:
    """Let compiled callers share one function, whatever integers they hand over.

    For numba ``find(…, 5)``, ``find(…, 7)`` and one with the ``int32`` of a record take arguments of three types, and
    each is compiled. LLVM writes what is small into its caller, constants and all, and has no need of that (measured:
    the kernels are 205 functions otherwise, two fifths of them twins).
    """
    if config.DISABLE_JIT:  # type: ignore[attr-defined]
        return compiled
    template_of = compiled.get_call_template

    def with_plain_integers(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return template_of(tuple(map(_plain, args)), {name: _plain(each) for name, each in kws.items()})

    compiled.get_call_template = with_plain_integers
    return compiled


def _plain(kind: Any) -> Any:
    plain: Any = types.unliteral(kind)  # type: ignore[no-untyped-call]
    return types.int64 if isinstance(plain, types.Integer) and plain.signed else plain  # type: ignore[attr-defined]


def entry(function: _Function) -> _Function:
    """Called from Python; kept in numba's file cache together with all that it calls."""
    compiled: _Function = _once(njit(**_ENTRY)(function))
    return compiled


def inner(function: _Function) -> _Function:
    """Called from compiled code alone: no wrapper for Python is made, which takes as long as the function itself."""
    compiled: _Function = _once(njit(**_INNER)(function))
    return compiled


def gate(function: _Function) -> _Function:
    """The same, written into its caller by LLVM: the cheap look at every reading."""
    compiled: _Function = _once(njit(forceinline=True, **_INNER)(function))
    return compiled
