"""What a role still stores after it was told to stop: a note in the data folder, for whoever waits for its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

LOOK_S: Final = 0.2
"""How often the role says how it stands, and whoever waits looks."""


def note_of(data_dir: Path, role: str) -> Path:
    """The file that is there while the role stores."""
    return data_dir / "run" / f"{role}.storing"


async def until_done(running: asyncio.Future[Any], stores: Callable[[], bool], note: Path) -> None:
    """Wait for the end of work that was told to stop; the note says meanwhile whether it ``stores``."""
    try:
        while not running.done():
            if stores():
                with contextlib.suppress(OSError):  # without a data folder nobody of ours waits
                    note.touch()
            await asyncio.wait([running], timeout=LOOK_S)
    finally:
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)
