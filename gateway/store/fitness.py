"""Whether a PostgreSQL can be used, and if not, what to do about it, in words.

::

    UnfitDatabaseError        str(error) says what to do
    └── UnknownSchemaError    made by a newer version of this program
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import psycopg
from psycopg.conninfo import conninfo_to_dict

from gateway.store.connection import Connection, connect

OLDEST: Final = 15
"""The oldest major version of PostgreSQL that the tests run on."""
URL: Final = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


class UnfitDatabaseError(Exception):
    """The database cannot be used as it is; ``str(error)`` says what to do."""


class UnknownSchemaError(UnfitDatabaseError):
    """The database was made by a newer version."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"this database was made by a newer Anxin (it has {', '.join(names)}): install that version, "
            "or point --data-dir / --database at another database"
        )
        self.names = names


_REFUSALS: Final = (
    (r"password authentication failed", "the password is wrong, or the account does not exist"),
    (r"no password supplied", f"the server asks for a password: write {URL}"),
    (r'role ".*" does not exist', "make the account: create role … login password …"),
    (r'database ".*" does not exist', "make the database: create database … owner …"),
    (r"no pg_hba.conf entry|pg_hba.conf rejects", "allow this machine in the server's pg_hba.conf"),
    (r"permission denied for database", "grant the account the right to connect: grant connect on database … to …"),
    (r"too many clients|remaining connection slots", "raise the server's max_connections; Anxin needs about 30"),
    (r"starting up|shutting down|in recovery mode", "the server is not ready yet: wait, and start again"),
    (r"SSL|certificate", "see sslmode and sslrootcert in PostgreSQL's manual of connection strings"),
    (r"could not translate host|not known|resolve", "the host's name is unknown: check it"),
    (
        r"refused|timeout|timed out|unreachable|No such file",
        "nobody answers there: check host and port, that PostgreSQL runs, and its listen_addresses",
    ),
)
"""What a server or libpq says, and the remedy. A server that speaks another language is quoted without one."""


async def connect_to_fit(conninfo: str, *, application: str) -> Connection:
    """Connect to a server on which this program can work; the connection does not commit by itself.

    Raises:
        UnfitDatabaseError: the server cannot be reached, refuses us, is too old, read-only or not in UTF-8.
    """
    try:
        conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError as error:
        # The words of the library would show a part of the string, which may be the password.
        raise UnfitDatabaseError(f"the database's address cannot be read: write {URL}") from error
    try:
        connection = await connect(conninfo, application=application, autocommit=False)
    except psycopg.Error as error:
        raise UnfitDatabaseError(_why_not_connected(error)) from error
    try:
        if complaint := complaint_about(await _look_at(connection)):
            raise UnfitDatabaseError(complaint)
    except BaseException:
        await connection.close()
        raise
    return connection


class Server(NamedTuple):
    """What decides whether a server is fit; ``schema``: where tables would be made, ``owner`` of those there."""

    version: str
    major: int
    encoding: str
    standby: bool
    read_only: bool
    account: str
    schema: str | None
    may_create: bool
    owner: str | None
    owns: bool


def complaint_about(server: Server) -> str | None:
    """What is wrong with a server, and what to do; None when it is fit."""
    if server.major < OLDEST:
        return f"the server is PostgreSQL {server.version}: version {OLDEST} or newer is needed"
    if server.encoding != "UTF8":
        return (
            f"the database is encoded in {server.encoding}, which cannot hold every name: make another one with"
            " create database … encoding 'UTF8' template template0"
        )
    if server.standby:
        return "the server is a standby, a copy that cannot be written: name the primary server"
    if server.read_only:
        return (
            "the database is set to read only (default_transaction_read_only):"
            " alter database … set default_transaction_read_only = off"
        )
    if server.schema is None or not server.may_create:
        return (
            f'the account "{server.account}" may not make tables in the schema "{server.schema or "public"}": make it'
            " the owner of the database, or grant usage, create on schema … to …"
        )
    if not server.owns:
        return (
            f'the tables belong to "{server.owner}", and "{server.account}" may not change them:'
            f' connect as "{server.owner}", or grant it to the account'
        )
    return None


async def _look_at(connection: Connection) -> Server:
    cursor = await connection.execute(
        "select current_setting('server_version'), current_setting('server_version_num')::integer / 10000,"
        " current_setting('server_encoding'), pg_is_in_recovery(),"
        " current_setting('default_transaction_read_only')::boolean, current_user, current_schema(),"
        " coalesce(has_schema_privilege(current_schema(), 'create'), false),"
        " (select pg_get_userbyid(relowner) from pg_class where oid = to_regclass('migration')),"
        " coalesce((select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass('migration')), true)"
    )
    row = await cursor.fetchone()
    assert row is not None
    return Server(*row)


def _why_not_connected(error: psycopg.Error) -> str:
    said = " ".join(str(error).split())
    for pattern, remedy in _REFUSALS:
        if re.search(pattern, said, re.IGNORECASE):
            return f"the database cannot be reached: {remedy} ({said})"
    return f"the database cannot be reached: {said}"
