"""Keeps the log files of child processes from growing without end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

LARGEST_BYTES: Final = 16 << 20
"""Beyond this a log starts anew; one earlier file is kept beside it."""


def shorten_logs(folder: Path) -> None:
    """Move what a log holds to ``<name>.log.1`` once it is large.

    The children append to a file that they keep open, so it is copied and emptied in place; a line written in
    between may be lost.
    """
    for path in folder.glob("*.log"):
        if path.stat().st_size > LARGEST_BYTES:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            with path.open("r+b") as file:
                file.truncate(0)
