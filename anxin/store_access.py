"""The database of a data folder, whether a system runs there or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import structlog

from anxin.embedded.account import service_account
from anxin.embedded.errors import FolderError, StartError
from anxin.embedded.folder import DataFolder
from anxin.embedded.leftovers import end_leftovers
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.settings import Settings
from gateway.store.connection import connect
from gateway.store.fitness import UnfitDatabaseError
from gateway.store.migrate import migrate, steps_behind

_log = structlog.get_logger(__name__)


def open_existing(path: Path) -> DataFolder:
    """The data folder at ``path``, which must be there already.

    Raises:
        FolderError: if there is none.
    """
    if not (path / "anxin.json").exists():
        raise FolderError(f"there is no system in {path.absolute()}: start one with `anxin up`, or say --data-dir")
    return DataFolder.open(path)


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[str]:
    """Yield the conninfo of the system's database, started for as long as it is needed if it is not running.

    Raises:
        FolderError: if the data folder holds no system.
        StartError: if an older version runs there, or the database that ``database.url`` names cannot be used.
    """
    if settings.database.url is not None:
        conninfo = settings.database.url.get_secret_value()
        try:
            await migrate(conninfo)
        except UnfitDatabaseError as error:
            raise StartError(f"the database cannot be used: {error}") from error
        yield conninfo
        return
    folder = open_existing(settings.data_dir)
    postgres = EmbeddedPostgres(folder, account=service_account(settings.database.account))
    if await _answers(postgres.conninfo):
        yield postgres.conninfo
        return
    with folder.locked():
        await end_leftovers(folder.run, lambda line: _log.info("leftover", line=line))
        try:
            await postgres.start()
            await migrate(postgres.conninfo)
            yield postgres.conninfo
        finally:
            await postgres.stop()


async def _answers(conninfo: str) -> bool:
    """Whether the database is there. Raises ``StartError`` when a system of an older version runs on it."""
    try:
        connection = await connect(conninfo, application="anxin command")
    except psycopg.OperationalError:
        return False
    async with connection:
        if await steps_behind(connection):
            raise StartError("an older version of Anxin runs there: end its `anxin up` and start it again")
    return True
