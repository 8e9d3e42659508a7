"""What the gateway can say of people without the database: names from its directory, addresses learned beforehand."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
import structlog

from alerts.alarm import Alarm
from alerts.messages import Template, all_clear_params, emergency_params
from alerts.ports import ResidentCard
from devices.registry import Site
from gateway.directory import Directory
from gateway.emergency import Words
from gateway.store.connection import Connection, connect
from gateway.store.errors import AWAY
from gateway.store.last_known import addresses

LEARN_EVERY_S: Final = 30.0
"""How often addresses are learned anew while the registry changes; it is all of them in one query."""

_log = structlog.get_logger(__name__)
_address: Final = msgspec.json.Decoder(dict[str, Any])


class ByHeart:
    """Puts alarms into words. ``run`` keeps the addresses fresh until it is cancelled."""

    def __init__(self, conninfo: str, directory: Directory) -> None:
        self._conninfo = conninfo
        self._directory = directory
        self._addresses: dict[str, bytes] = {}
        self._learned = 0

    async def learn(self, connection: Connection) -> None:
        """Learn where people live; about 150 bytes of memory each."""
        version = self._directory.version
        self._addresses = await addresses(connection)
        self._learned = version

    async def run(self) -> None:
        """Learn it anew whenever the registry has changed."""
        while True:
            await asyncio.sleep(LEARN_EVERY_S)
            if self._directory.version == self._learned:
                continue
            try:
                async with await connect(self._conninfo, application="anxin gateway addresses") as connection:
                    await self.learn(connection)
            except AWAY as error:
                _log.warning("addresses_not_learned", error=type(error).__name__)

    def alarm_words(self, alarm: Alarm) -> Words:
        """What an emergency number hears of an alarm."""
        card = self._card(alarm)
        params = emergency_params(
            kind=alarm.kind,
            event_time=alarm.event_time,
            name=card.name,
            site_name=card.site_name,
            timezone=card.timezone,
            address=card.address,
        )
        return Words(Template.EMERGENCY, params, card.demo)

    def end_words(self, alarm: Alarm) -> Words:
        """What it hears of the end."""
        card = self._card(alarm)
        template = Template.ALL_CLEAR_CANCELLED if alarm.state == "cancelled" else Template.ALL_CLEAR
        return Words(template, all_clear_params(alarm, card, "emergency"), card.demo)

    def _card(self, alarm: Alarm) -> ResidentCard:
        site = self._directory.sites.get(alarm.site, Site(id=alarm.site, name=alarm.site))
        resident = None if alarm.resident is None else self._directory.resident_of(alarm.resident)
        known = _address.decode(self._addresses.get(alarm.resident or "", b"{}"))
        return ResidentCard(
            id=alarm.resident or "",
            name="" if resident is None else resident.name,
            site=site.id,
            site_name=site.name,
            demo=site.demo,
            status="active" if resident is None else resident.status,
            timezone=site.timezone if resident is None else resident.timezone,
            contacts=(),
            address={part: str(value) for part, value in known.items() if value is not None},
        )
