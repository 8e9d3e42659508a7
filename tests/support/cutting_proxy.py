"""A TCP proxy before PostgreSQL that cuts the connection around a COMMIT: the outcome is unknown to the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_CHUNK = 65_536


@dataclass
class CuttingProxy:
    """Passes bytes on. ``cut_next`` = ``before``: the next COMMIT never reaches the server; ``after``: only its
    answer is lost. Either way the client's connection is dropped, ``cuts`` counts how often. ``trips`` counts how
    often the client spoke after it had heard something: its round trips."""

    conninfo: str
    cut_next: Literal["before", "after"] | None = None
    cuts: int = 0
    trips: int = 0
    _client_spoke_last: bool = False

    def heard(self, *, client: bool) -> None:
        """Somebody said something."""
        self.trips += client and not self._client_spoke_last
        self._client_spoke_last = client


@asynccontextmanager
async def cutting_proxy(conninfo: str) -> AsyncIterator[CuttingProxy]:
    """Listen on a free port before the server of ``conninfo``."""
    target = conninfo_to_dict(conninfo)
    server = await asyncio.start_server(lambda r, w: _serve(proxy, target, r, w), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = CuttingProxy(make_conninfo(conninfo, host="127.0.0.1", port=port, sslmode="disable", gssencmode="disable"))
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()


async def _serve(
    proxy: CuttingProxy, target: dict[str, str | int | None], client: asyncio.StreamReader, answer: asyncio.StreamWriter
) -> None:
    upstream, onward = await _open(target)
    back = asyncio.ensure_future(_pump(proxy, upstream, answer))
    try:
        while data := await client.read(_CHUNK):
            proxy.heard(client=True)
            if proxy.cut_next is not None and b"COMMIT" in data:
                cut, proxy.cut_next = proxy.cut_next, None
                proxy.cuts += 1
                back.cancel()
                if cut == "after":
                    onward.write(data)
                    await onward.drain()
                    await upstream.read(_CHUNK)
                return
            onward.write(data)
            await onward.drain()
    except ConnectionError:
        pass
    finally:
        back.cancel()
        onward.close()
        answer.close()


async def _open(target: dict[str, str | int | None]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = str(target["host"]), int(target.get("port") or 5432)
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, port)


async def _pump(proxy: CuttingProxy, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(_CHUNK):
            proxy.heard(client=False)
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()
