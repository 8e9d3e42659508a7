"""The schema's history: numbered SQL files, applied forward only, once, by one process at a time."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from gateway.store.connection import Connection
from gateway.store.fitness import UnknownSchemaError, connect_to_fit

_LOCK: Final = 0x616E_7869  # "anxi"


def migrations() -> list[tuple[str, str]]:
    """(name, SQL) of every migration, in order."""
    folder = files("gateway.store").joinpath("migrations")
    scripts = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [(script.name, script.read_text("utf-8")) for script in scripts]


async def migrate(conninfo: str) -> list[str]:
    """Bring the database to this version's schema; return the names of what was applied.

    A second process that starts meanwhile waits for the first and then finds nothing to do.

    All of it is one transaction: one that is interrupted leaves the database as it was.

    Raises:
        UnfitDatabaseError: The database cannot be used as it is.
        UnknownSchemaError: The database has a migration that this version does not know.
    """
    connection = await connect_to_fit(conninfo, application="anxin migrate")
    async with connection:
        await connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute(
            "create table if not exists migration"
            " (name text primary key, applied_at timestamptz not null default now())"
        )
        rows = await (await connection.execute("select name from migration")).fetchall()
        done = {row[0] for row in rows}
        known = migrations()
        if unknown := done - {name for name, _ in known}:
            raise UnknownSchemaError(sorted(unknown))
        applied = []
        for name, script in known:
            if name in done:
                continue
            await connection.execute(script, prepare=False)
            await connection.execute("insert into migration (name) values (%s)", (name,))
            applied.append(name)
    return applied


async def steps_behind(connection: Connection) -> int:
    """How many migrations of this version the database does not have yet."""
    row = await (await connection.execute("select to_regclass('migration') is not null")).fetchone()
    if row is None or not row[0]:
        return len(migrations())
    done = {name for (name,) in await (await connection.execute("select name from migration")).fetchall()}
    return len({name for name, _ in migrations()} - done)
