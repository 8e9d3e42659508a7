"""Memory as words of eight bytes, for compiled code: copied whole, or fetched ahead of its use.

In numba a part of a record is no value. Interpreted, the same is done by views of numpy; fetching is done by nobody.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

WORD: Final = 8
"""Bytes."""
LINE: Final = 64
"""Bytes that memory hands out at once, on x86-64 and most ARM."""
_HINT: Final = "llvm.prefetch.p0i8"
_READ, _NEAREST, _DATA = 0, 3, 1


def copy_words(into: Any, at: int, source: Any, first: int, count: int) -> None:
    """Copy words [first, first + count) of an array to those from ``at`` on of another, which must both have them.

    Args:
        into: contiguous, of one dimension, of items of whole words.
        at: word, counted from the array's beginning.
        source: as ``into``.
        first: as ``at``.
        count: of words.
    """
    into.view(np.int64)[at : at + count] = source.view(np.int64)[first : first + count]


def fetch(array: Any, item: int, first_line: int, lines: int) -> None:
    """Let so many lines of an item be on their way from memory, of which nobody waits here; there need be no such item.

    Args:
        array: contiguous.
        item: its number, along the first dimension.
        first_line: of the item, in lines of ``LINE`` bytes.
        lines: how many.
    """


def _data(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    """The address so many bytes behind the beginning of an array."""
    start = context.make_array(kind)(context, builder, array).data
    return builder.gep(builder.bitcast(start, cgutils.voidptr_t), [offset])


def _copy_compiled(_context: Any, into: Any, _at: Any, source: Any, _first: Any, _count: Any) -> Any:
    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        to, at, where, first, count = given
        word = ir.Constant(ir.IntType(64), WORD)
        cgutils.raw_memcpy(  # type: ignore[no-untyped-call]
            builder,
            _data(context, builder, signature.args[0], to, builder.mul(at, word)),
            _data(context, builder, signature.args[2], where, builder.mul(first, word)),
            builder.mul(count, word),
            1,
        )
        return context.get_dummy_value()

    return types.void(into, types.int64, source, types.int64, types.int64), lower


def _fetch_compiled(_context: Any, array: Any, _item: Any, _first: Any, _lines: Any) -> Any:
    def lower(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        start, item, first, lines = given
        hint = ir.IntType(32)
        line = ir.Constant(ir.IntType(64), LINE)
        kept = context.make_array(signature.args[0])(context, builder, start)
        stride = cgutils.unpack_tuple(builder, kept.strides)[0]  # type: ignore[no-untyped-call]
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, hint, hint, hint])
        prefetch = cgutils.get_or_insert_function(builder.module, kind, _HINT)  # type: ignore[no-untyped-call]
        begin = builder.add(builder.mul(item, stride), builder.mul(first, line))
        with cgutils.for_range(builder, lines) as loop:
            at = builder.add(begin, builder.mul(loop.index, line))
            address = _data(context, builder, signature.args[0], start, at)
            builder.call(prefetch, [address, hint(_READ), hint(_NEAREST), hint(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64, types.int64), lower


if not config.DISABLE_JIT:  # type: ignore[attr-defined]
    copy_words = intrinsic(_copy_compiled)  # type: ignore[assignment]
    fetch = intrinsic(_fetch_compiled)  # type: ignore[assignment]
