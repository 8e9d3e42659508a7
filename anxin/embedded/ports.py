"""TCP ports to listen on."""

from __future__ import annotations

import asyncio
import socket

from anxin.embedded.child import Child
from anxin.embedded.errors import ChildFailed, PortBusy

_POLL_S = 0.02


def choose_port(host: str, wanted: int, option: str) -> int:
    """The port to listen on: ``wanted``, or a free one for 0.

    Raises:
        PortBusy: if somebody listens there; the message names the port and ``option``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, wanted))
            listener.listen(1)
        except OSError as error:
            raise PortBusy(host, wanted, option) from error
        port: int = listener.getsockname()[1]
        return port


def reachable_host(listen: str) -> str:
    """The host by which a program on this machine reaches what listens on ``listen``."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104


async def until_listening(child: Child, host: str, port: int, log: str) -> None:
    """Wait until a child process accepts connections.

    Raises:
        ChildFailed: if it ends before it does.
    """
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            if child.returncode is not None:
                raise ChildFailed(f"the {child.name} ended while starting: see {log}") from None
            await asyncio.sleep(_POLL_S)
        else:
            writer.close()
            return
