"""Which broker a system runs on, from its settings and from what is installed."""

from __future__ import annotations

from typing import Literal

from anxin.embedded.broker import find_mosquitto
from anxin.embedded.errors import BinaryMissing
from anxin.settings import Settings

AnyBrokerKind = Literal["mosquitto", "iotcore", "external"]


def broker_kind(settings: Settings) -> AnyBrokerKind:
    """The broker of a system with these settings.

    Raises:
        BinaryMissing: if Mosquitto is asked for and not installed.
    """
    if settings.mqtt.broker is not None:
        return "external"
    if settings.mqtt.embedded == "iotcore":
        return "iotcore"
    if find_mosquitto() is not None:
        return "mosquitto"
    if settings.mqtt.embedded == "mosquitto":
        raise BinaryMissing("mosquitto is not installed: install it, or leave out mqtt.embedded")
    return "iotcore"
