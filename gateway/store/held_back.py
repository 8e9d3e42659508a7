"""Changes of count alone that a reader of the stream may not have been sent although it has a later number."""

from __future__ import annotations

from typing import Final

from gateway.store.changes import Change
from gateway.store.connection import Connection

_WINDOW: Final = 1000
"""How many changes before the number are looked at: those of the last two seconds are among them."""


async def held_back(connection: Connection, n: int) -> list[Change]:
    """The changes up to ``n`` that a stream may have held back when it sent ``n``.

    A change of count alone waits until a second after the alarm's change before it. It may have waited
    still when ``n`` went out, if ``n`` came within two seconds (one of them for delays) of it.
    """
    cursor = await connection.execute(
        "with recent as materialized (select * from alarm_change where n > %(n)s - %(window)s and n <= %(n)s)"
        " select c.n, c.count_only, c.object ->> 'site', c.alarm::text, c.object::text"
        " from recent c join recent last on last.n = %(n)s"
        " where c.count_only and c.n < %(n)s and c.at > last.at - interval '2 seconds'"
        " and not exists (select 1 from recent x where x.alarm = c.alarm and x.n > c.n)"
        " and exists (select 1 from recent x where x.alarm = c.alarm and x.n < c.n"
        " and x.at > c.at - interval '2 seconds') order by c.n",
        {"n": n, "window": _WINDOW},
    )
    return [
        Change(number, count_only, site, alarm, text.encode())
        for number, count_only, site, alarm, text in await cursor.fetchall()
    ]
