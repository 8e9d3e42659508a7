"""Telling a device that its cry for help is committed (contract section 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from devices.kinds import CRY_FOR_HELP
from devices.topics import device_topic
from gateway.readings import Heading
from gateway.store.telemetry import Key


def receipts(readings: Sequence[Heading], alarms: Mapping[Key, UUID]) -> list[tuple[str, bytes]]:
    """(topic, payload) for every press, fall and cancel among the readings.

    One for each, however often it is among them. ``t`` is what the device itself sent, even where its clock
    was not believed: it repeats until it is heard.
    """
    out: dict[tuple[str, bytes], None] = {}
    for reading in readings:
        if reading.kind not in CRY_FOR_HELP:
            continue
        alarm = alarms.get(reading.key)
        sent: Any = (reading.defects or {}).get("t_device")
        payload = {
            "kind": reading.kind.topic_name,
            "t": reading.t if sent is None else sent,
            "seq": reading.seq,
            "alarm": None if alarm is None else str(alarm),
        }
        out[device_topic(reading.site, reading.device, "receipt"), msgspec.json.encode(payload)] = None
    return list(out)
