"""Folders and ports for real processes."""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

import psutil

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - mkdtemp makes folders in it that nobody else may guess
_FIRST_PORT: Final = 11_000
"""Above what services and browsers know by number."""
_ROOM_BYTES: Final = 2 * 1024**3
"""What two systems may come to need: a cluster begins with 60 MB, its log may reach 1 GB. Source: assumption."""


@contextmanager
def service_folder() -> Iterator[Path]:
    """A temporary folder that the account of an embedded service may pass through, removed afterwards.

    It lies in memory where there is room: a fresh database takes 0.03 s of processor time there and 0.6 s on a disk.
    A killed process loses no more of it than of a file on a disk.
    """
    path = Path(tempfile.mkdtemp(prefix="anxin-test-", dir=_IN_MEMORY if _has_room() else None))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _has_room() -> bool:
    try:
        room = min(shutil.disk_usage(_IN_MEMORY).free, psutil.virtual_memory().available // 2)
    except OSError:
        return False
    return room >= _ROOM_BYTES


def free_port() -> int:
    """A TCP port on the loopback that nobody listens on just now, another one each time.

    It lies below those that the kernel gives to outgoing connections: one of them would take it until it is used.
    """
    for port in _shuffled():
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                listener.bind(("127.0.0.1", port))
                return port
    raise RuntimeError("no port is free")


@cache
def _shuffled() -> Iterator[int]:
    ports = list(range(_FIRST_PORT, _first_outgoing_port()))
    random.SystemRandom().shuffle(ports)
    return iter(ports)


def _first_outgoing_port() -> int:
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    except OSError:
        return 32_768
