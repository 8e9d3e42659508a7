"""A small registered community for tests: residents r0…, each with one band b0… and one contact."""

from __future__ import annotations

from typing import Any

import psycopg

HOME_LAT, HOME_LON = 31.2, 121.4


def seed_community(conninfo: str, *, site: str = "s1", size: int = 3, demo: bool = False) -> None:
    """Register ``size`` residents of ``site`` with a band, a daughter and a circle of 500 m around their home."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into site (id, name, demo) values (%s, 'Centre', %s)", (site, demo))
        connection.execute(
            "insert into resident (id, site, name, home_lat, home_lon)"
            " select 'r' || i, %s, 'Resident ' || i, %s, %s from generate_series(0, %s - 1) as i",
            (site, HOME_LAT, HOME_LON, size),
        )
        connection.execute(
            "insert into device (id, site) select 'b' || i, %s from generate_series(0, %s - 1) as i", (site, size)
        )
        connection.execute(
            "insert into assignment (device_slot, resident_slot, from_ms)"
            " select d.slot, r.slot, 0 from device d join resident r on substr(r.id, 2) = substr(d.id, 2)"
        )
        connection.execute(
            "insert into contact (resident_slot, name, phone) select slot, 'Daughter', '+12025550123' from resident"
        )
        connection.execute(
            "insert into fence (resident_slot, name, circle_lat, circle_lon, radius_m)"
            " select slot, 'home', home_lat, home_lon, 500 from resident"
        )


def rows(conninfo: str, query: str, *params: Any) -> list[tuple[Any, ...]]:
    """What a query answers."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode(), params).fetchall()


def one(conninfo: str, query: str, *params: Any) -> Any:
    """The single value that a query answers."""
    ((value,),) = rows(conninfo, query, *params)
    return value
