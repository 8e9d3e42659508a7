"""Why the system could not be started.

::

    StartError            something that the person at the keyboard can put right
    ├── FolderError       the data folder is foreign, locked, or of a newer version
    ├── PortBusy          another program listens there
    ├── BinaryMissing     a program that we need is not installed or cannot run
    └── ChildFailed       a child process ended while it was being started
"""

from __future__ import annotations


class StartError(Exception):
    """Something that the person at the keyboard can put right; the message says how."""


class FolderError(StartError):
    """The data folder cannot be used."""


class PortBusy(StartError):
    """Another program listens on the port that was asked for."""

    def __init__(self, host: str, port: int, option: str) -> None:
        super().__init__(
            f"port {port} on {host} is already in use by another program: choose another one with {option}"
        )
        self.port = port
        self.option = option


class BinaryMissing(StartError):
    """A program that we need is not installed or cannot run."""


class ChildFailed(StartError):
    """A child process ended while it was being started."""
