"""Looks at a broker of one's own at the start, and again when it has forgotten us; tells who should know."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from gateway import metrics
from gateway.broker_probe import Findings, probe
from gateway.errors import BrokerRefusedError, BrokerUnreachableError
from gateway.session import BrokerAddress

TRY_AGAIN_S: Final = 10.0
LET_OTHERS_FIRST_S: Final = 5.0
"""A broker that has just come back has every device at the door."""

_log = structlog.get_logger(__name__)

Tell = Callable[[str | None], Awaitable[None]]
"""Takes what is wrong with the broker, by Mosquitto's names of settings, or None."""


class BrokerWatch:
    """One look at a time. ``run`` lives until it is cancelled."""

    def __init__(self, address: BrokerAddress, tell: Tell) -> None:
        self._address = address
        self._tell = tell
        self._forgot = asyncio.Event()

    def forgotten(self) -> None:
        """The broker did not know our session after a reconnect."""
        self._forgot.set()

    async def run(self) -> None:
        """Look, tell, and wait for a reason to look again."""
        await self._look(forgot=False)
        await self._forgot.wait()
        while True:
            await asyncio.sleep(LET_OTHERS_FIRST_S)
            self._forgot.clear()
            await self._look(forgot=True)
            await self._forgot.wait()

    async def _look(self, *, forgot: bool) -> None:
        while True:
            try:
                found = await probe(self._address, forgot=forgot)
            except BrokerUnreachableError as error:
                _log.info("broker_not_looked_at", reason=str(error))
                await asyncio.sleep(TRY_AGAIN_S)
            except BrokerRefusedError as error:
                _log.error("broker_refuses", reason=str(error))
                return await self._tell(f"broker: {error}")
            else:
                return await self._tell(_judge(found))


def _judge(found: Findings) -> str | None:
    metrics.BROKER_WINDOW.set(found.window)
    metrics.BROKER_KEPT.set(found.kept)
    metrics.BROKER_ADVICE.set(len(found.advice))
    if not found.advice:
        _log.info("broker_keeps_enough", window=found.window, kept=found.kept)
        return None
    for advice in found.advice:
        _log.warning("broker_setting_too_small", setting=advice.setting, found=advice.found)
    return "broker: " + "; ".join(f"{advice.setting} ({advice.found})" for advice in found.advice)
