"""What a load generator sends: an endless mix of a community's readings, numbered a device, pre-encoded.

Payloads have a fixed length: numbers are padded with spaces, which JSON allows. So a reading costs one
formatting of bytes and nothing else.
"""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from devices.clock import Clock
from devices.topics import device_topic
from simulator.community import SQUARE_LAT, SQUARE_LON
from simulator.wire import Outgoing, head

_POSITION = b'\0{"t":%13d,"seq":%10d,"lat":%2.4f%03d,"lon":%3.4f%03d,"accuracy_m":8.5,"source":"gnss","speed_mps":0.8}'
_HEARTBEAT = (
    b'\0{"t":%13d,"seq":%10d,"battery_pct":%2d,"charging":false,"worn":true,"rssi_dbm":-80,"steps":%6d,'
    b'"activity":%3d,"interval_s":60}'
)
_VITALS = b'\0{"t":%13d,"seq":%10d,"heart_rate_bpm":%3d,"spo2_pct":%2d,"temperature_c":36.%d}'
_SOS = b'\0{"t":%13d,"seq":%10d,"lat":%2.4f%03d,"lon":%3.4f%03d}'
_SWING = [round(200 * math.sin(number / 4)) for number in range(100)]
_MOTION = (
    b'\0{"t":%13d,"seq":%10d,"rate_hz":50,"samples":"'
    + b64encode(b"".join(struct.pack("<hhh", swing, 0, 1000) for swing in _SWING))
    + b'"}'
)
"""Two seconds of a wrist that swings."""


class Target(NamedTuple):
    """A device that the load pretends to be."""

    site: str
    device: str
    lat: float = SQUARE_LAT
    lon: float = SQUARE_LON


class Mix:
    """Readings of many devices in turn.

    ``next_seq[i]`` is how many readings device ``i`` has made: they carry the numbers 0 to that minus one,
    over all kinds together.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        clock: Clock,
        heartbeats_of_ten: int = 5,
        sos_every: int | None = None,
        vitals_every: int | None = None,
        motion_every: int | None = None,
    ) -> None:
        """Make the heads.

        Args:
            targets: The devices.
            clock: What ``t`` is read from, once a call of ``take``.
            heartbeats_of_ten: How many of ten readings are heartbeats.
            sos_every: Every how many readings one is a press of SOS; None: never.
            vitals_every: The same for vital signs; a press goes first.
            motion_every: The same for windows of the accelerometer, two seconds each.
        """
        self.targets = tuple(targets)
        self.next_seq = [0] * len(self.targets)
        self.made = 0
        self.presses = 0
        self._clock = clock
        self._heartbeats_of_ten = heartbeats_of_ten
        rare = ((sos_every, "sos"), (vitals_every, "vitals"), (motion_every, "motion"))
        self._rare = [(every, kind) for every, kind in rare if every is not None]
        self._makers = {
            "position": self._position,
            "heartbeat": self._heartbeat,
            "vitals": self._vitals,
            "motion": self._motion,
            "sos": self._sos,
        }
        samples = {kind: make(0, 0, 0) for kind, make in self._makers.items()}
        self._heads = [
            {kind: head(device_topic(t.site, t.device, kind), len(tail) - 1) for kind, tail in samples.items()}
            for t in self.targets
        ]

    def take(self, count: int) -> Iterator[Outgoing]:
        """The next ``count`` readings, all measured now."""
        t = self._clock.now_ms()
        devices, next_seq, heads = len(self.targets), self.next_seq, self._heads
        for number in range(self.made, self.made + count):
            index = number % devices
            seq = next_seq[index]
            next_seq[index] = seq + 1
            kind = "heartbeat" if seq % 10 < self._heartbeats_of_ten else "position"
            for every, rare in self._rare:
                if number % every == every - 1:
                    kind = rare
                    break
            self.presses += kind == "sos"
            yield Outgoing(heads[index][kind], self._makers[kind](index, t, seq))
        self.made += count

    def _position(self, index: int, t: int, seq: int) -> bytes:
        target = self.targets[index]
        wobble = seq % 100
        return _POSITION % (t, seq, target.lat, wobble, target.lon, wobble)

    def _heartbeat(self, index: int, t: int, seq: int) -> bytes:
        return _HEARTBEAT % (t, seq, 60 + index % 40, seq % 1_000_000, seq % 300)

    def _vitals(self, _: int, t: int, seq: int) -> bytes:
        return _VITALS % (t, seq, 60 + seq % 30, 95 + seq % 5, seq % 10)

    def _motion(self, _: int, t: int, seq: int) -> bytes:
        return _MOTION % (t, seq)

    def _sos(self, index: int, t: int, seq: int) -> bytes:
        target = self.targets[index]
        return _SOS % (t, seq, target.lat, seq % 100, target.lon, seq % 100)
