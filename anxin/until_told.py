"""Runs a process's work until it ends or somebody tells the process to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine


def run_until_told_to_stop(work: Coroutine[None, None, None]) -> None:
    """Run ``work``; the first SIGTERM or SIGINT cancels it and is waited for, further ones change nothing."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        told = False

        def stop() -> None:
            nonlocal told
            if not told and task is not None:
                told = True
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            await work
        except asyncio.CancelledError:
            if not told:
                raise

    asyncio.run(main())
