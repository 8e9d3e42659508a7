"""The transaction in which records are written: whose change it is, and why it was refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, LiteralString

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord

TAKEN: Final[dict[str, str]] = {
    "site_pkey": "a site with this id exists",
    "device_pkey": "a device with this id exists; ids are unique over all sites",
    "account_username_key": "the user name is taken",
    "resident_site_external_id_key": "another resident of this site has this external_id",
}
_MISSING: Final[dict[str, str]] = {
    "resident_site_fkey": "there is no such site",
    "resident_household_fkey": "there is no such household",
    "household_site_fkey": "there is no such site",
    "assignment_household_fkey": "there is no such household",
    "responder_site_fkey": "there is no such site",
    "shift_site_fkey": "there is no such site",
    "escalation_policy_site_fkey": "there is no such site",
}


@asynccontextmanager
async def writing(conn: Connection, actor: str) -> AsyncIterator[None]:
    """One transaction whose changes bear the actor's name.

    Raises ``Conflict`` and ``MissingRecord`` with words for the person who asked.
    """
    try:
        async with conn.transaction():
            await conn.execute("select set_config('anxin.actor', %s, true)", (actor,))
            yield
    except UniqueViolation as error:
        name = error.diag.constraint_name or ""
        raise Conflict(TAKEN.get(name, "a record like this exists")) from None
    except ForeignKeyViolation as error:
        name = error.diag.constraint_name or ""
        if name in _MISSING and "is not present" in (error.diag.message_detail or ""):
            raise MissingRecord(_MISSING[name]) from None
        raise Conflict("something still refers to this record") from None


async def key_of(conn: Connection, statement: LiteralString, params: Mapping[str, object]) -> str | None:
    """The first column of the first row of a statement, as text; None when there is no row."""
    row = await (await conn.execute(statement, params)).fetchone()
    return None if row is None else str(row[0])
