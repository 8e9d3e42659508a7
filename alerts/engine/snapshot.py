"""The engine's state as bytes: a key, the directory, the arrays; compressed, the same for the same state.

How the registry's changes were grouped when they came leaves no trace in it.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final

import msgspec
import numpy as np

from alerts.engine import layout
from alerts.engine.directory import Directory, without_waste
from alerts.engine.errors import IncompatibleSnapshot
from alerts.engine.layout import State
from alerts.engine.parameters import Parameters
from alerts.engine.rules import Rule

_MAGIC: Final = b"ANXIN1"
_RECORDS: Final = (layout.DEVICE, layout.RESIDENT, layout.CRY, layout.FAULT, layout.SPAN, layout.FENCE)
_DERIVED: Final = ("due", "fault_due")
"""Arrays that follow from the others."""


class Content(msgspec.Struct):
    """What a snapshot holds."""

    parameters: Parameters
    enabled: list[int]
    directory: Directory
    arrays: dict[str, tuple[list[int], bytes]]


def layout_key() -> str:
    """A name for the layout of the arrays and the meaning of the codes in them."""
    described = [
        str(layout.LAYOUT_VERSION),
        *(f"{t.descr}" for t in _RECORDS),
        *State._fields,
        *(f"{rule.value}={rule.public_name}" for rule in Rule),
        *Parameters._fields,
        *(f"{type(part)}" for part in Parameters()),
    ]
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]


KEY: Final = layout_key()


def pack(state: State, directory: Directory, parameters: Parameters, enabled: list[int]) -> bytes:
    """Write the state down."""
    arrays = {
        name: (list(array.shape), np.ascontiguousarray(array).tobytes())
        for name, array in without_waste(state)._asdict().items()
        if name not in _DERIVED
    }
    content = msgspec.msgpack.encode(Content(parameters, enabled, directory, arrays))
    body = zlib.compress(content, 1)
    return _MAGIC + KEY.encode() + hashlib.sha256(body).digest() + body


def unpack(data: bytes) -> tuple[State, Directory, Parameters, list[int]]:
    """Read it back.

    Raises:
        IncompatibleSnapshot: it is damaged or was written by another layout.
    """
    head = len(_MAGIC) + len(KEY)
    if data[:head] != _MAGIC + KEY.encode():
        raise IncompatibleSnapshot("written by another layout")
    checksum, body = data[head : head + 32], data[head + 32 :]
    if hashlib.sha256(body).digest() != checksum:
        raise IncompatibleSnapshot("damaged")
    content = msgspec.msgpack.decode(zlib.decompress(body), type=Content)
    blank = layout.empty_state()._asdict()
    arrays: dict[str, Any] = {
        name: np.frombuffer(raw, blank[name].dtype).reshape(shape).copy()
        for name, (shape, raw) in content.arrays.items()
    }
    arrays["due"] = np.zeros(len(arrays["resident"]), np.int64)
    arrays["fault_due"] = np.zeros(len(arrays["device"]), np.int64)
    return State(**arrays), content.directory, content.parameters, content.enabled
