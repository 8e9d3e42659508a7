"""From packets to readings: everything that the database would refuse is found here (design rule 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from devices.kinds import CRY_FOR_HELP, READING_KINDS, Kind
from devices.payloads import (
    MAX_READINGS_PER_PAYLOAD,
    Checkin,
    CommandAck,
    Exercise,
    Fall,
    Heartbeat,
    Motion,
    Position,
    Presence,
    Service,
    Sos,
    Vitals,
)
from devices.topics import parse_device_topic
from gateway.cries import Cry, hear, is_sound, newest, too_many
from gateway.directory import Directory, Route
from gateway.readings import UNKNOWN_SLOT, Gathering, Readings
from gateway.session import Arrival

KEPT_OCTETS: Final = 4096
"""How much of a rejected payload is kept (contract section 1)."""
MARKER_PREFIX: Final = "anxin/v1/_gateway/"
"""Topics on which the gateway speaks to itself."""

_TYPES: Final[dict[Kind, type[msgspec.Struct]]] = {
    Kind.POSITION: Position,
    Kind.HEARTBEAT: Heartbeat,
    Kind.VITALS: Vitals,
    Kind.SOS: Sos,
    Kind.FALL: Fall,
    Kind.MOTION: Motion,
    Kind.CHECKIN: Checkin,
    Kind.SERVICE: Service,
    Kind.EXERCISE: Exercise,
    Kind.PRESENCE: Presence,
    Kind.COMMAND_ACK: CommandAck,
}
_DECODERS: Final = {kind: msgspec.json.Decoder(struct | list[struct]) for kind, struct in _TYPES.items()}  # type: ignore[valid-type]
_ONE: Final = {kind: msgspec.json.Decoder(struct, strict=False) for kind, struct in _TYPES.items()}
_ORDINARY: Final = frozenset(READING_KINDS) - CRY_FOR_HELP - {Kind.MOTION}
"""Readings with nothing more to look at than their time: nearly all that ever comes."""
_ENTRIES: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Rejection(NamedTuple):
    """A payload, or one reading of it, that was not taken."""

    received_ms: int
    topic: str
    reason: str
    detail: str
    payload: bytes


class Decoded(NamedTuple):
    """What a batch of packets holds."""

    readings: Readings
    presences: list[tuple[int, Presence, int]]  # slot, status, received
    acks: list[tuple[int, CommandAck, int]]  # slot, answer, received
    markers: list[bytes]
    rejections: list[Rejection]
    retained: int


class _Found(NamedTuple):
    """What was found so far."""

    readings: Gathering
    presences: list[tuple[int, Presence, int]]
    acks: list[tuple[int, CommandAck, int]]
    markers: list[bytes]
    rejections: list[Rejection]


def decode(arrivals: Iterable[Arrival], directory: Directory) -> Decoded:
    """Read every packet in order. Nothing raises: what cannot be read becomes a rejection."""
    found = _Found(Gathering(), [], [], [], [])
    retained = 0
    for arrival in arrivals:
        route = directory.route(arrival.topic)
        if route is None:
            _stranger(arrival, found)
        elif arrival.retained and route.kind is not Kind.PRESENCE:
            retained += 1
        elif route.fault is not None and route.kind not in CRY_FOR_HELP:
            found.rejections.append(_reject(arrival, route.fault))
        else:
            _read(arrival, route, found)
    return Decoded(found.readings.readings(), *found[1:], retained)


def _read(arrival: Arrival, route: Route, out: _Found) -> None:
    try:
        document = _DECODERS[route.kind].decode(arrival.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if route.kind in CRY_FOR_HELP:
            _read_cries(arrival, route, out)
        else:
            _read_one_by_one(arrival, route, out)
        return
    if type(document) is not list:
        _accept(document, arrival, route, out)
    elif 0 < len(document) <= MAX_READINGS_PER_PAYLOAD:
        for reading in document:
            _accept(reading, arrival, route, out)
    elif document and route.kind in CRY_FOR_HELP:
        out.rejections.append(_reject(arrival, "too_many_readings", too_many(len(document))))
        for reading in newest(document, lambda reading: reading.t):
            _accept(reading, arrival, route, out)
    elif route.kind in CRY_FOR_HELP:
        _read_cries(arrival, route, out)
    else:
        _read_one_by_one(arrival, route, out)


def _accept(struct: Any, arrival: Arrival, route: Route, out: _Found) -> None:
    received = arrival.received_ms
    kind = route.kind
    if kind in _ORDINARY and is_sound(struct, received):
        out.readings.add(struct, received, route)
    elif kind is Kind.PRESENCE:
        out.presences.append((route.slot, struct, received))
    elif kind is Kind.COMMAND_ACK:
        out.acks.append((route.slot, struct, received))
        if struct.answer == "help":
            _hear_help(struct, received, route, out)
        elif struct.answer == "ok":
            _hear_well(struct, received, route, out)
    elif not is_sound(struct, received):
        if kind in CRY_FOR_HELP:
            defects = {"clock_suspect": True, "t_device": struct.t}
            out.readings.add(msgspec.structs.replace(struct, t=received), received, route, defects)
        else:
            out.rejections.append(_reject(arrival, "future_time", f"t is {struct.t - received} ms ahead"))
    elif kind is Kind.MOTION and (not struct.samples or len(struct.samples) % 6):
        out.rejections.append(_reject(arrival, "bad_value", "samples is not a whole number of int16 triples"))
    else:
        out.readings.add(struct, received, route)


def _hear_help(answer: CommandAck, received: int, route: Route, out: _Found) -> None:
    """Whoever answers "are you all right?" with "help" is heard like one who pressed the button (ADR-10)."""
    marks: dict[str, Any] = {"answer": "help"}
    press = Sos(t=answer.t)
    if not is_sound(press, received):
        marks |= {"clock_suspect": True, "t_device": answer.t}
        press = Sos(t=received)
    out.readings.add(press, received, route._replace(kind=Kind.SOS), marks)


def _hear_well(answer: CommandAck, received: int, route: Route, out: _Found) -> None:
    """Whoever answers it with "ok" is heard like one who pressed "I am well" (ADR-31), if its time may be believed."""
    press = Checkin(t=answer.t)
    if is_sound(press, received):
        out.readings.add(press, received, route._replace(kind=Kind.CHECKIN))


def _read_cries(arrival: Arrival, route: Route, out: _Found) -> None:
    heard = hear(route.kind, arrival.payload, arrival.received_ms)
    if heard.unreadable is not None:
        out.rejections.append(_reject(arrival, "bad_json", heard.unreadable))
    cry: Cry
    for cry in heard.cries:
        out.readings.add(cry.payload, arrival.received_ms, route, cry.defects)


def _read_one_by_one(arrival: Arrival, route: Route, out: _Found) -> None:
    """The slow way, for a payload that is not wholly right: the good readings of an array stand."""
    entries: Sequence[bytes | msgspec.Raw] = [arrival.payload]
    if arrival.payload.lstrip()[:1] == b"[":
        try:
            entries = _ENTRIES.decode(arrival.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            out.rejections.append(_reject(arrival, "bad_json", str(error)))
            return
        if not entries:
            out.rejections.append(_reject(arrival, "bad_json", "empty array"))
        if len(entries) > MAX_READINGS_PER_PAYLOAD:
            detail = f"{len(entries)} readings, {MAX_READINGS_PER_PAYLOAD} at most: the first ones were taken"
            out.rejections.append(_reject(arrival, "too_many_readings", detail))
            entries = entries[:MAX_READINGS_PER_PAYLOAD]
    for entry in entries:
        try:
            reading = _ONE[route.kind].decode(entry)
        except msgspec.ValidationError as error:
            out.rejections.append(_reject(arrival, "bad_value", str(error), bytes(entry)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            out.rejections.append(_reject(arrival, "bad_json", str(error), bytes(entry)))
        else:
            _accept(reading, arrival, route, out)


def _stranger(arrival: Arrival, out: _Found) -> None:
    """A topic that is malformed, or of a device that nobody registered."""
    if arrival.topic.startswith(MARKER_PREFIX):
        out.markers.append(arrival.payload)
        return
    parsed = parse_device_topic(arrival.topic)
    reason = "bad_topic" if parsed is None else "unknown_device"
    levels = arrival.topic.split("/")
    kind = {"sos": Kind.SOS, "fall": Kind.FALL}.get(levels[-1])
    if kind is None or arrival.retained or len(levels) != 5:
        out.rejections.append(_reject(arrival, reason))
        return
    if parsed is None:
        out.rejections.append(_reject(arrival, reason))
    route = Route(kind, _as_id(levels[2]), _as_id(levels[3]), UNKNOWN_SLOT, reason)
    _read(arrival, route, out)


def _as_id(level: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", level)[:64] or "_"


def _reject(arrival: Arrival, reason: str, detail: str = "", payload: bytes | None = None) -> Rejection:
    kept = arrival.payload if payload is None else payload
    return Rejection(arrival.received_ms, arrival.topic.replace("\x00", ""), reason, detail[:500], kept[:KEPT_OCTETS])
