"""A real PostgreSQL for tests, and fresh databases in it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import USER, EmbeddedPostgres
from gateway.store.migrate import migrate
from tests.support.places import service_folder

HASTY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}
"""For tests whose laws do not hang on surviving a crash of the machine."""
_TEMPLATE = "anxin_template"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server in which fresh databases are made."""

    superuser_conninfo: str
    user_conninfo: str

    def conninfo(self, database: str) -> str:
        """How to connect to one of its databases as its owner, who is no superuser."""
        return make_conninfo(self.user_conninfo, dbname=database)

    @contextmanager
    def database(self, *, migrated: bool) -> Iterator[str]:
        """A fresh database, dropped afterwards; yields its conninfo."""
        name = f"test_{secrets.token_hex(6)}"
        template = _TEMPLATE if migrated else "template0"
        self._administer("create database {} owner {} template {} strategy file_copy", name, USER, template)
        try:
            yield self.conninfo(name)
        finally:
            self._administer("drop database {} with (force)", name)

    def prepare_template(self) -> None:
        """Make the database that the migrated ones are copied from."""
        self._administer("create database {} owner {}", _TEMPLATE, USER)
        asyncio.run(migrate(self.conninfo(_TEMPLATE)))

    def _administer(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.superuser_conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_postgres(*, durable: bool) -> Iterator[PostgresServer]:
    """Run a server of its own; ``durable=False`` does not wait for the disk."""
    with service_folder() as path:
        postgres = EmbeddedPostgres(DataFolder.open(path / "data"), tuning=None if durable else HASTY)
        asyncio.run(postgres.start())
        try:
            server = PostgresServer(postgres.superuser_conninfo, postgres.conninfo)
            server.prepare_template()
            yield server
        finally:
            asyncio.run(postgres.stop())
