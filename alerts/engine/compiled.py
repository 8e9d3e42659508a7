"""How functions are compiled: entries that Python calls, what they call, and what is written into its caller.

numba links what a function calls into it and optimises the whole, for every function anew, so that what lies deep is
optimised once a caller and kept as machine code each time. Here only entries are: what they call is translated and
left as it is until one takes it in (ADR-46).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import _dynfunc, config, njit, types  # type: ignore[attr-defined]
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering

from alerts.engine.bundle import bundled
from alerts.engine.layout import Journal, State
from devices.batch import ReadingBatch

for arrays in (State, Journal, ReadingBatch):
    bundled(arrays)


class _Part(JITCodeLibrary):
    """The code of a function that is only ever linked into others: neither optimised nor made machine code."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(NativeLowering):
    _name = "native_lowering_of_a_part"

    def run_pass(self, state: Any) -> bool:
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.library.finalize()
        fndesc = state.cr.fndesc
        called = _dynfunc.make_function(
            fndesc.lookup_module(), fndesc.qualname, "for compiled callers", 0, state.cr.env, (state.library,)
        )
        state.cr = state.cr._replace(cfunc=called)
        state.targetctx.insert_user_function(called, fndesc, [state.library])
        return True


class _PartCompiler(CompilerBase):
    """numba's own way, but for the end of it."""

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager("part")
        for each, description in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            passes.add_pass(_PartLowering if each is NativeLowering else each, description)
        passes.finalize()
        return [passes]


_Function = TypeVar("_Function", bound=Callable[..., Any])
_EVERY: Final[dict[str, Any]] = {
    "no_cfunc_wrapper": True,
    "_nrt": False,  # kernels allocate nothing: without reference counts there is nothing to count
    "forceinline": False,  # else what is first met inside a gate becomes one
}
_ENTRY: Final[dict[str, Any]] = {**_EVERY, "cache": True}
_PART: Final[dict[str, Any]] = {**_EVERY, "no_cpython_wrapper": True, "pipeline_class": _PartCompiler}
_GATE: Final[dict[str, Any]] = {**_PART, "forceinline": True}


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
    plain: Any = types.unliteral(kind)
    return types.int64 if isinstance(plain, types.Integer) and plain.signed else plain  # type: ignore[attr-defined]


def entry(function: _Function) -> _Function:
    """Called from Python; kept in numba's file cache together with all that it calls."""
    compiled: _Function = _once(njit(**_ENTRY)(function))
    return compiled


def inner(function: _Function) -> _Function:
    """Called from compiled code alone; LLVM decides whether it is written into its caller."""
    compiled: _Function = _once(njit(**_PART)(function))
    return compiled


def gate(function: _Function) -> _Function:
    """The same, written into its caller by LLVM: the cheap look at every reading."""
    compiled: _Function = _once(njit(**_GATE)(function))
    return compiled
