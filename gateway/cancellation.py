"""Being cancelled inside aiomqtt."""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Python 3.11's ``wait_for``, inside aiomqtt, swallows a cancellation that comes together with the answer."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
