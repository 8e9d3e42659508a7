"""The dead-man switch: an address outside that raises the alarm once it no longer hears from us."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Final

TIMEOUT_S: Final = 5.0


def pinger(url: str) -> Callable[[], Awaitable[None]]:
    """What asks ``url`` (http or https) once; raises ``OSError`` when it cannot be reached or refuses."""

    def ask() -> None:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S):  # noqa: S310 - the settings take http and https alone
            pass

    async def ping() -> None:
        await asyncio.to_thread(ask)

    return ping
