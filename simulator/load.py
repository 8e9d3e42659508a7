"""What a load generator sends: an endless mix of positions and heartbeats, numbered a device, pre-encoded.

Payloads have a fixed length: numbers are padded with spaces, which JSON allows. So a reading costs one
formatting of bytes and nothing else.
"""

from __future__ import annotations

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
_SOS = b'\0{"t":%13d,"seq":%10d,"lat":%2.4f%03d,"lon":%3.4f%03d}'


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
    ) -> None:
        """Make the heads.

        Args:
            targets: The devices.
            clock: What ``t`` is read from, once a call of ``take``.
            heartbeats_of_ten: How many of ten readings are heartbeats.
            sos_every: Every how many readings one is a press of SOS; None: never.
        """
        self.targets = tuple(targets)
        self.next_seq = [0] * len(self.targets)
        self.made = 0
        self.presses = 0
        self._clock = clock
        self._heartbeats_of_ten = heartbeats_of_ten
        self._sos_every = sos_every
        samples = {
            "position": self._position(0, 0, 0),
            "heartbeat": self._heartbeat(0, 0, 0),
            "sos": self._sos(0, 0, 0),
        }
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
            if self._sos_every is not None and number % self._sos_every == self._sos_every - 1:
                self.presses += 1
                yield Outgoing(heads[index]["sos"], self._sos(index, t, seq))
            elif seq % 10 < self._heartbeats_of_ten:
                yield Outgoing(heads[index]["heartbeat"], self._heartbeat(index, t, seq))
            else:
                yield Outgoing(heads[index]["position"], self._position(index, t, seq))
        self.made += count

    def _position(self, index: int, t: int, seq: int) -> bytes:
        target = self.targets[index]
        wobble = seq % 100
        return _POSITION % (t, seq, target.lat, wobble, target.lon, wobble)

    def _heartbeat(self, index: int, t: int, seq: int) -> bytes:
        return _HEARTBEAT % (t, seq, 60 + index % 40, seq % 1_000_000, seq % 300)

    def _sos(self, index: int, t: int, seq: int) -> bytes:
        target = self.targets[index]
        return _SOS % (t, seq, target.lat, seq % 100, target.lon, seq % 100)
