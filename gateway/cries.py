"""Reading an ``sos`` or a ``fall`` whatever state its payload is in: such a message is never rejected."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from devices.clock import MINUTE_MS
from devices.kinds import Kind
from devices.payloads import EARLIEST_T, MAX_READINGS_PER_PAYLOAD, Fall, Reading, Seq, Sos

T = TypeVar("T")

FUTURE_MS: Final = 5 * MINUTE_MS
"""A reading whose ``t`` is further ahead of our clock comes from a wrong clock (contract section 1)."""


class Cry(NamedTuple):
    """One press or fall: the payload as far as it could be read, and what was wrong with it."""

    payload: Sos | Fall
    defects: dict[str, Any]


class Heard(NamedTuple):
    """The cries of one message; ``unreadable`` says why the payload is kept in ``rejected`` as well."""

    cries: list[Cry]
    unreadable: str | None


_TYPES: Final[dict[Kind, type[Sos | Fall]]] = {Kind.SOS: Sos, Kind.FALL: Fall}
_OPTIONAL: Final[dict[Kind, dict[str, Any]]] = {
    kind: {f.name: Seq if f.name == "seq" else f.type for f in msgspec.structs.fields(struct) if f.name != "t"}
    for kind, struct in _TYPES.items()
}


def hear(kind: Kind, payload: bytes, received_ms: int) -> Heard:
    """Read a message on ``sos`` or ``fall``: one cry at least, whatever it holds."""
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Heard([_bare(kind, received_ms, "unreadable payload")], f"bad_json: {error}")
    entries = document if isinstance(document, list) else [document]
    cries, unreadable = [], None
    if len(entries) > MAX_READINGS_PER_PAYLOAD:
        unreadable = too_many(len(entries))
    for entry in newest(
        entries, lambda entry: _event_time(entry.get("t"), received_ms) if isinstance(entry, dict) else 0
    ):
        if isinstance(entry, dict):
            cries.append(_mend(kind, entry, received_ms))
        else:
            unreadable = "not an object"
    if not cries:
        return Heard([_bare(kind, received_ms, "unreadable payload")], unreadable or "empty_array")
    return Heard(cries, unreadable)


def newest(entries: list[T], time_of: Callable[[T], int | None]) -> list[T]:
    """As many as a payload may hold: where there are more, those of the latest times, an unknown one as now."""
    if len(entries) <= MAX_READINGS_PER_PAYLOAD:
        return entries

    def late_first(index: int) -> float:
        t = time_of(entries[index])
        return -inf if t is None else -t

    kept = sorted(sorted(range(len(entries)), key=late_first)[:MAX_READINGS_PER_PAYLOAD])
    return [entries[index] for index in kept]


def too_many(count: int) -> str:
    """Why a payload is kept in ``rejected``, though cries of it were taken."""
    return f"{count} readings, {MAX_READINGS_PER_PAYLOAD} at most: the latest ones were taken"


def _bare(kind: Kind, received_ms: int, why: str) -> Cry:
    return Cry(_TYPES[kind](t=received_ms), {"clock_suspect": True, "defects": [why]})


def _mend(kind: Kind, entry: dict[str, Any], received_ms: int) -> Cry:
    """Keep every field that is right, drop and name every other one."""
    wanted = _TYPES[kind]
    good: dict[str, Any] = {}
    defects: dict[str, Any] = {}
    wrong: list[str] = []
    for name, kind_of_value in _OPTIONAL[kind].items():
        if name not in entry:
            continue
        try:
            good[name] = msgspec.convert(entry[name], kind_of_value, strict=False)
        except (msgspec.ValidationError, OverflowError):
            wrong.append(name)
    t_device = entry.get("t")
    t = _event_time(t_device, received_ms)
    if t is None:
        defects |= {"clock_suspect": True, "t_device": _printable(t_device)}
    if wrong:
        defects["defects"] = wrong
    return Cry(wanted(t=received_ms if t is None else t, **good), defects)


def _event_time(value: object, received_ms: int) -> int | None:
    """The device's own time in ms, or None when its clock cannot be right."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if EARLIEST_T <= value <= received_ms + FUTURE_MS else None


def _printable(value: object) -> int | float | str | None:
    if value is None or isinstance(value, int | float):
        return value if value is None or abs(value) < 1e300 else str(value)
    return str(value)[:64].replace("\x00", "")


def is_sound(reading: Reading, received_ms: int) -> bool:
    """Whether the event time may be believed."""
    return reading.t <= received_ms + FUTURE_MS
