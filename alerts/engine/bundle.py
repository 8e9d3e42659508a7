"""Tuples of arrays that compiled functions hand to each other as one pointer.

numba passes a tuple as all that it consists of: the engine's state and journal are some 600 numbers, written onto the
stack and read again at each call that is not woven into its caller, and as many in each function that LLVM has to
optimise. A bundle stays where Python's call laid it, and an array is read from there where it is used (ADR-46).
"""

from __future__ import annotations

from typing import Any, TypeVar

from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import impl_ret_borrowed, lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.core.typing.typeof import typeof, typeof_impl
from numba.extending import NativeValue, register_model, unbox

_Class = TypeVar("_Class", bound=type)


class Bundle(types.Type):
    """A pointer to a named tuple (``held``), which nobody changes while it is used."""

    def __init__(self, held: types.NamedTuple) -> None:
        self.held = held
        super().__init__(f"Bundle({held})")


@register_model(Bundle)
class _Pointer(models.PrimitiveModel):
    def __init__(self, models_of: Any, bundle: Bundle) -> None:
        super().__init__(models_of, bundle, models_of.lookup(bundle.held).get_value_type().as_pointer())


@infer_getattr
class _Field(AttributeTemplate):
    key = Bundle

    def generic_resolve(self, bundle: Bundle, name: str) -> Any:  # type: ignore[override]
        return bundle.held[bundle.held.fields.index(name)] if name in bundle.held.fields else None


@lower_getattr_generic(Bundle)
def _read(context: Any, builder: Any, bundle: Bundle, pointer: Any, name: str) -> Any:
    i = bundle.held.fields.index(name)
    return impl_ret_borrowed(
        context, builder, bundle.held[i], builder.load(cgutils.gep_inbounds(builder, pointer, 0, i))
    )


@unbox(Bundle)
def _lay(bundle: Bundle, given: Any, c: Any) -> NativeValue:
    held = c.unbox(bundle.held, given)
    laid = cgutils.alloca_once_value(c.builder, held.value)
    return NativeValue(laid, is_error=held.is_error, cleanup=held.cleanup)


def bundled(named_tuple: _Class) -> _Class:
    """Let compiled functions take instances of a ``NamedTuple`` class by pointer."""

    @typeof_impl.register(named_tuple)
    def typeof_bundle(given: Any, _context: Any) -> Bundle:
        return Bundle(types.NamedTuple([typeof(each) for each in given], named_tuple))

    return named_tuple
