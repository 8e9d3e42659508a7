"""MQTT topic names of contract sections 1 and 2, parsed and built."""

from __future__ import annotations

import re
from typing import NamedTuple

from devices.kinds import KIND_BY_NAME, Kind

PREFIX = "anxin/v1"
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a site or device id may look like."""


class DeviceTopic(NamedTuple):
    """A topic on which a device publishes."""

    site: str
    device: str
    kind: Kind


def is_valid_id(name: str) -> bool:
    """Tell whether ``name`` may serve as a site or device id."""
    return NAME.fullmatch(name) is not None


def parse_device_topic(topic: str) -> DeviceTopic | None:
    """Split ``anxin/v1/{site}/{device}/{kind}``; None for anything else."""
    levels = topic.split("/")
    if len(levels) != 5 or levels[0] != "anxin" or levels[1] != "v1":
        return None
    site, device, kind = levels[2], levels[3], KIND_BY_NAME.get(levels[4])
    if kind is None or not is_valid_id(site) or not is_valid_id(device):
        return None
    return DeviceTopic(site, device, kind)


def device_topic(site: str, device: str, leaf: str) -> str:
    """The topic of one device; ``leaf`` is a kind's name, ``command`` or ``receipt``."""
    return f"{PREFIX}/{site}/{device}/{leaf}"


def kind_filter(kind: Kind) -> str:
    """The subscription filter that matches one kind of every device of every site."""
    return f"{PREFIX}/+/+/{kind.topic_name}"


def alarms_topic(site: str) -> str:
    """The feed on which every change of every alarm of a site is published."""
    return f"{PREFIX}/{site}/alarms"
