"""The accounts as staff: entered, changed and ended by those who keep them.

Whoever keeps accounts reaches those of their own sites, up to their own role; the last admin of all sites can be
neither ended nor made less. What an account loses, it loses at once: disabled, its sessions, links and keys end.
"""

from __future__ import annotations

from typing import Final, LiteralString, get_args

import msgspec

from devices.refusals import Refusal
from gateway.store.accounts import Account, Role
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.history import HistoryItem, history_of
from gateway.store.registry.writing import key_of, writing
from gateway.store.sessions import end_sessions, forget_browsers

ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""From the one that may do most to the one that may do least."""

_STAFF: Final[LiteralString] = (
    "jsonb_build_object('id', a.id, 'username', a.username, 'display_name', a.display_name, 'role', a.role,"
    " 'sites', a.sites, 'language', a.language, 'phone', a.phone, 'disabled', a.disabled,"
    " 'has_password', a.password_hash is not null)::text"
)
_WITHIN: Final[LiteralString] = (
    "(cardinality(%(sites)s::text[]) = 0 or (cardinality(a.sites) > 0 and a.sites <@ %(sites)s::text[]))"
)


class StaffFields(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works with the console; ``sites`` empty means all sites."""

    username: str
    display_name: str = ""
    role: Role
    sites: list[str] = []
    language: str = "zh"
    phone: str | None = None
    disabled: bool = False


class Staff(StaffFields, frozen=True, kw_only=True):
    """A stored account; ``has_password`` False: signs in by links only."""

    id: str
    has_password: bool


def outranks(role: Role, other: Role) -> bool:
    """Whether ``role`` may do all that ``other`` may."""
    return ROLES.index(role) <= ROLES.index(other)


def may_keep(keeper: Account, role: Role, sites: list[str]) -> bool:
    """Whether ``keeper`` may keep an account with this role and these sites."""
    within = not keeper.sites or (bool(sites) and set(sites) <= set(keeper.sites))
    return within and outranks(keeper.role, role)


async def staff_list(conn: Connection, *, sites: list[str], after: str = "", limit: int = 100) -> list[Staff]:
    """Accounts that lie within ``sites`` (empty: all), by user name, those behind ``after``; disabled ones too."""
    cursor = await conn.execute(
        f"select {_STAFF} from account a where {_WITHIN} and a.username > %(after)s"
        " order by a.username limit %(limit)s",
        {"sites": sites, "after": after, "limit": limit},
    )
    return [msgspec.json.decode(row[0], type=Staff) for row in await cursor.fetchall()]


async def staff_member(conn: Connection, key: str) -> Staff | None:
    """One account."""
    cursor = await conn.execute(f"select {_STAFF} from account a where a.id = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Staff)


async def staff_named(conn: Connection, username: str) -> Staff | None:
    """The account of that name."""
    cursor = await conn.execute(f"select {_STAFF} from account a where a.username = %s", (username,))
    row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Staff)


async def add_staff(conn: Connection, actor: str, fields: StaffFields, password_hash: str | None) -> Staff:
    """Create an account. Raises ``Conflict`` when the user name is taken or a site does not exist."""
    async with writing(conn, actor):
        await _check_sites(conn, fields.sites)
        key = await key_of(
            conn,
            "insert into account (username, display_name, role, sites, language, phone, disabled, password_hash)"
            " values (%(username)s, %(display_name)s, %(role)s, %(sites)s, %(language)s, %(phone)s, %(disabled)s,"
            " %(hash)s) returning id",
            _row(fields) | {"hash": password_hash},
        )
        return await _stored(conn, str(key))


async def replace_staff(
    conn: Connection, actor: str, key: str, fields: StaffFields, password_hash: str | None = None
) -> Staff | None:
    """Replace an account's fields, with ``password_hash`` its password too, which ends its sessions.

    Raises:
        Conflict: Another user name, an unknown site, or nobody would be left who keeps the whole installation.
    """
    async with writing(conn, actor):
        await conn.execute("select from account where role = 'admin' order by id for update")
        current = await staff_member(conn, key)
        if current is None:
            return None
        if current.username != fields.username:
            raise Conflict(
                Refusal(
                    "account.username_stays",
                    "a user name stays as it is: the history knows people by it",
                    field="username",
                )
            )
        await _check_sites(conn, fields.sites)
        await conn.execute(
            "update account set display_name = %(display_name)s, role = %(role)s, sites = %(sites)s,"
            " language = %(language)s, phone = %(phone)s, disabled = %(disabled)s,"
            " password_hash = coalesce(%(hash)s, password_hash) where id = %(id)s",
            _row(fields) | {"hash": password_hash, "id": key},
        )
        if _keeps_all(current) and not await _somebody_keeps_all(conn):
            raise Conflict(
                Refusal("account.last_admin", "this is the last admin of all sites: make somebody else one first")
            )
        if fields.disabled or password_hash is not None:
            await end_sessions(conn, key, "disabled" if fields.disabled else "password")
            await forget_browsers(conn, key)
            await conn.execute("delete from signin_link where account = %s", (key,))
        if fields.disabled:
            await conn.execute("delete from api_token where account = %s", (key,))
        return await _stored(conn, key)


async def disable_staff(conn: Connection, actor: str, key: str) -> bool:
    """End an account; its name stays in the history. Raises ``Conflict`` for the last admin of all sites."""
    current = await staff_member(conn, key)
    if current is None:
        return False
    fields = msgspec.convert(msgspec.structs.asdict(current) | {"disabled": True}, StaffFields)
    return await replace_staff(conn, actor, key, fields) is not None


async def staff_history(conn: Connection, key: str, *, before: int | None, limit: int) -> list[HistoryItem]:
    """What an account was, newest first; passwords are not kept."""
    return await history_of(conn, "account", lambda row, _: row, key, before=before, limit=limit)


def _row(fields: StaffFields) -> dict[str, object]:
    return msgspec.structs.asdict(fields) | {"display_name": fields.display_name or fields.username}


def _keeps_all(staff: Staff) -> bool:
    return staff.role == "admin" and not staff.sites and not staff.disabled


async def _somebody_keeps_all(conn: Connection) -> bool:
    cursor = await conn.execute(
        "select exists (select from account where role = 'admin' and sites = '{}' and not disabled)"
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def _check_sites(conn: Connection, sites: list[str]) -> None:
    cursor = await conn.execute(
        "select s from unnest(%s::text[]) s where not exists (select from site where site.id = s) limit 1", (sites,)
    )
    row = await cursor.fetchone()
    if row is not None:
        raise Conflict(Refusal("account.site_unknown", "there is no site {site}", field="sites", site=row[0]))


async def _stored(conn: Connection, key: str) -> Staff:
    found = await staff_member(conn, key)
    assert found is not None
    return found
