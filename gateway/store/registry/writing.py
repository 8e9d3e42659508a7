"""The transaction in which records are written: whose change it is, and why it was refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, LiteralString

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from devices.refusals import Noun, Refusal, no_such
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord

DEVICE_TAKEN: Final = Refusal(
    "device.taken", "a device with this id exists; ids are unique over all sites", field="device"
)
_TAKEN: Final[dict[str, Refusal]] = {
    "site_pkey": Refusal("site.taken", "a site with this id exists", field="id"),
    "device_pkey": DEVICE_TAKEN,
    "account_username_key": Refusal("account.taken", "the user name is taken", field="username"),
    "resident_site_external_id_key": Refusal(
        "resident.number_taken", "another resident of this site has this external_id", field="external_id"
    ),
}
_MISSING: Final[dict[str, Noun]] = {
    "resident_site_fkey": "site",
    "resident_household_fkey": "household",
    "household_site_fkey": "site",
    "assignment_household_fkey": "household",
    "responder_site_fkey": "site",
    "shift_site_fkey": "site",
    "escalation_policy_site_fkey": "site",
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
        raise Conflict(_TAKEN.get(name, Refusal("exists", "a record like this exists"))) from None
    except ForeignKeyViolation as error:
        name = error.diag.constraint_name or ""
        if name in _MISSING and "is not present" in (error.diag.message_detail or ""):
            raise MissingRecord(no_such(_MISSING[name])) from None
        raise Conflict(Refusal("still_needed", "something still refers to this record")) from None


async def key_of(conn: Connection, statement: LiteralString, params: Mapping[str, object]) -> str | None:
    """The first column of the first row of a statement, as text; None when there is no row."""
    row = await (await conn.execute(statement, params)).fetchone()
    return None if row is None else str(row[0])
