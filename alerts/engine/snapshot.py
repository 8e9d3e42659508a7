"""The engine's state as bytes: a key, the directory, the arrays; compressed, the same for the same state.

A file is ``MAGIC``, the key, the SHA-256 of what follows, a zlib stream of: the length of the head (4 bytes,
big-endian), the head (msgpack), the parts of the directory, the arrays; and what is known of routines, in a format that
later layouts read as well (``kept_routines``). How the registry's changes were grouped when
they came leaves no trace in it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.engine import fall_model, kept_routines, layout, motion, places, routine, trek, ways
from alerts.engine.catalogue import PARAMETERS, RULES
from alerts.engine.errors import IncompatibleSnapshot
from alerts.engine.laying import without_waste
from alerts.engine.layout import State
from alerts.engine.register import FOLLOWING, Directory, indexed
from alerts.engine.rules import Rule
from alerts.engine.state import blank_calms, blank_devices, empty_state

_MAGIC: Final = b"ANXIN3"
_SHA256_BYTES: Final = 32
_HEAD_LENGTH_BYTES: Final = 4
_RECORDS: Final = (
    layout.DEVICE, layout.RESIDENT, layout.EPISODE, layout.SPAN, layout.FENCE, layout.CHECK, layout.HOUSE,
    routine.PULSE, routine.ROUTINE, layout.SITE, motion.MOTION, trek.TREK, ways.WAYS,
    places.PLACES, RULES,
)  # fmt: skip
_DERIVED: Final = (
    "calm", "due", "fault_due", "check_due", "site_due", "hush", "tally", "motion_stamp", "fall_due", "trek_stamp",
    "ways_stamp",
)  # fmt: skip
"""Arrays that follow from the others."""
LONG: Final = {"motion": ("motion", "motion_ring"), "trek": ("trek",), "ways": ("ways", "places")}
"""Arrays with a long row for each device that sends motion, each that was on its way, and each resident who was out:
``<name>_used`` of their rows count, and ``<name>_stamp`` tells which have changed."""
_OF_THE_PACKAGE: Final = ("fall_weights", "fall_window", "fall_scratch")
"""And those that come with the package; what it decides by is part of the key."""
PART_ENTRIES: Final = 20_000
"""Entries of one dictionary in a part: it is written in 5 ms (measured)."""
_FIELDS: Final = {field.name: field for field in msgspec.structs.fields(Directory) if field.name not in FOLLOWING}


class Part(NamedTuple):
    """Some of the entries of one of the directory's fields, or all of a field that is no dictionary."""

    field: str
    octets: bytes


class Settled(msgspec.Struct):
    """What is small and copied as it is."""

    enabled: list[int]


class _Head(msgspec.Struct):
    """What follows it, in its order."""

    settled: Settled
    parts: list[tuple[str, int]]  # field of the directory, bytes
    arrays: list[tuple[str, list[int]]]  # name, shape; the dtype is the layout's


def layout_key() -> str:
    """A name for the layout of the arrays and the meaning of the codes in them."""
    described = [
        str(layout.LAYOUT_VERSION),
        *(f"{t.descr}" for t in _RECORDS),
        *(name for name in State._fields if name not in _DERIVED),
        *(f"{rule.value}={rule.public_name}" for rule in Rule),
        *(f"{spec.name}={spec.default}" for spec in PARAMETERS.values()),
        *(f"{field.name}: {field.type}" for field in _FIELDS.values()),
        f"{motion.CELL_MS} ms, {motion.RING} cells",
        hashlib.sha256(fall_model.weights().tobytes()).hexdigest(),
    ]
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]


KEY: Final = layout_key()


def stored_arrays(state: State) -> dict[str, npt.NDArray[Any]]:
    """The arrays that a snapshot holds, by name."""
    stored = {name: array for name, array in state._asdict().items() if name not in _DERIVED + _OF_THE_PACKAGE}
    for block, names in LONG.items():
        used = int(stored[f"{block}_used"][0])
        stored |= {name: stored[name][:used] for name in names}
    return stored


def part_at(directory: Directory, number: int) -> Part | None:
    """The directory's part of a number, from 0; None behind the last."""
    for name in _FIELDS:
        content = getattr(directory, name)
        count = max(1, -(-len(content) // PART_ENTRIES)) if isinstance(content, dict) else 1
        if number < count:
            if isinstance(content, dict):
                start = number * PART_ENTRIES
                content = dict(islice(content.items(), start, start + PART_ENTRIES))
            return Part(name, msgspec.msgpack.encode(content))
        number -= count
    return None


def pack(arrays: Mapping[str, npt.NDArray[Any]], parts: Sequence[Part], settled: Settled) -> bytes:
    """Write a state down; ``arrays`` are those of ``stored_arrays``."""
    blank = empty_state()._asdict()
    stored = stored_arrays(without_waste(State(**{**blank, **arrays})))
    routines = kept_routines.packed(stored["resident"], stored.pop("routine"))
    head = msgspec.msgpack.encode(
        _Head(
            settled,
            [(part.field, len(part.octets)) for part in parts],
            [(name, list(array.shape)) for name, array in stored.items()],
        )
    )
    body = _compressed(
        [
            len(head).to_bytes(_HEAD_LENGTH_BYTES),
            head,
            *(part.octets for part in parts),
            *(octets_of(array) for array in stored.values()),
        ]
    )
    rest = body + routines
    return _MAGIC + KEY.encode() + hashlib.sha256(rest).digest() + rest


def octets_of(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The memory of an array."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _compressed(pieces: Iterable[Any]) -> bytes:
    compressor = zlib.compressobj(1)
    return b"".join([*(compressor.compress(piece) for piece in pieces), compressor.flush()])


def unpack(data: bytes) -> tuple[State, Directory, Settled]:
    """Read a state back.

    Raises:
        IncompatibleSnapshot: it is damaged or was written by another layout.
    """
    start = len(_MAGIC) + len(KEY)
    if data[:start] != _MAGIC + KEY.encode():
        raise IncompatibleSnapshot("written by another layout")
    checksum, rest = data[start : start + _SHA256_BYTES], memoryview(data)[start + _SHA256_BYTES :]
    if hashlib.sha256(rest).digest() != checksum:
        raise IncompatibleSnapshot("damaged")
    try:
        routines = kept_routines.routines_in(data)
        return _read(memoryview(zlib.decompress(rest[: -kept_routines.size_of(data)])), routines)
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise IncompatibleSnapshot(f"not understood: {error}") from error


def _read(content: memoryview, kept: kept_routines.KeptRoutines) -> tuple[State, Directory, Settled]:
    at = _HEAD_LENGTH_BYTES + int.from_bytes(content[:_HEAD_LENGTH_BYTES])
    head = msgspec.msgpack.decode(content[_HEAD_LENGTH_BYTES:at], type=_Head)
    directory = Directory()
    for name, size in head.parts:
        part = msgspec.msgpack.decode(content[at : at + size], type=_FIELDS[name].type)
        if isinstance(part, dict):
            getattr(directory, name).update(part)
        else:
            setattr(directory, name, part)
        at += size
    arrays: dict[str, npt.NDArray[Any]] = {}
    blank = empty_state()._asdict()
    for name, shape in head.arrays:
        dtype = blank[name].dtype
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(content[at : at + size], dtype).reshape(shape).copy()
        at += size
    device = blank_devices(len(arrays["device"]))
    device[:] = arrays["device"]
    arrays["device"] = device
    arrays["calm"] = blank_calms(len(device))
    arrays["routine"] = routine.blank_routines(len(arrays["pulse"]))
    kept_routines.adopt(kept, arrays["resident"], arrays["routine"])
    arrays["due"] = np.zeros(len(arrays["resident"]), np.int64)
    arrays["check_due"] = np.zeros(len(arrays["resident"]), np.int64)
    arrays["fault_due"] = np.zeros(len(arrays["device"]), np.int64)
    arrays["site_due"] = np.zeros(len(arrays["site"]), np.int64)
    arrays["hush"] = np.zeros(len(arrays["site"]), np.int8)
    arrays["motion_stamp"] = np.zeros(len(arrays["motion"]), np.int64)
    arrays["trek_stamp"] = np.zeros(len(arrays["trek"]), np.int64)
    arrays["ways_stamp"] = np.zeros(len(arrays["ways"]), np.int64)
    arrays["fall_due"] = np.zeros(len(arrays["motion"]), np.int64)
    for name in ("tally", *_OF_THE_PACKAGE):
        arrays[name] = blank[name]
    return State(**arrays), indexed(directory), head.settled
