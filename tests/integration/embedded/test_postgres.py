from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from anxin.embedded.account import service_account
from anxin.embedded.errors import FolderError
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.embedded.proof import start_mark
from anxin.embedded.service_home import SHARED_ROOT


@pytest.fixture
def folder(service_path: Path) -> DataFolder:
    return DataFolder.open(service_path / "data")


async def _ask(conninfo: str, query: str) -> object:
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    async with connection:
        row = await (await connection.execute(query)).fetchone()
        return None if row is None else row[0]


async def _execute(conninfo: str, statement: str) -> None:
    connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    async with connection:
        await connection.execute(statement)


async def test_what_was_committed_is_there_after_stop_and_start(folder: DataFolder) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await _execute(postgres.conninfo, "create table kept as select 7 as n")
    await postgres.stop()

    again = EmbeddedPostgres(folder)
    await again.start()
    try:
        assert await _ask(again.conninfo, "select n from kept") == 7
    finally:
        await again.stop()


async def test_what_was_committed_survives_a_kill_of_the_server(folder: DataFolder) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await _execute(postgres.conninfo, "create table kept as select 7 as n")
    assert postgres.child is not None
    postgres.child.signal(signal.SIGKILL)
    assert await postgres.child.wait() == -signal.SIGKILL

    await postgres.start()
    try:
        assert await _ask(postgres.conninfo, "select n from kept") == 7
    finally:
        await postgres.stop()


async def test_a_wrong_password_is_refused(folder: DataFolder) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    try:
        wrong = psycopg.conninfo.make_conninfo(postgres.conninfo, password="wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await _ask(wrong, "select 1")
    finally:
        await postgres.stop()


async def test_the_roles_account_is_no_superuser_and_the_text_is_utf8(folder: DataFolder) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    try:
        assert await _ask(postgres.conninfo, "select rolsuper from pg_roles where rolname = current_user") is False
        assert await _ask(postgres.conninfo, "select lower('ÄÖ') || '安心'") == "äö安心"
        assert await _ask(postgres.conninfo, "show fsync") == "on"
        assert await _ask(postgres.conninfo, "show synchronous_commit") == "on"
    finally:
        await postgres.stop()


async def test_nothing_runs_after_stop_and_the_socket_is_for_its_owner_alone(folder: DataFolder) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    assert postgres.child is not None
    pid = postgres.child.pid
    socket_folder = Path(psycopg.conninfo.conninfo_to_dict(postgres.conninfo)["host"])  # type: ignore[arg-type]
    assert socket_folder.stat().st_mode & 0o077 == 0
    await postgres.stop()
    assert start_mark(pid) is None
    assert list(folder.run.glob("*.pid")) == []


async def test_a_path_too_long_for_a_socket_still_serves(service_path: Path) -> None:
    long = service_path / ("x" * 60) / ("y" * 60)
    for parent in (long.parent, long):
        parent.mkdir()
        parent.chmod(0o711)
    postgres = EmbeddedPostgres(DataFolder.open(long))
    await postgres.start()
    try:
        assert await _ask(postgres.conninfo, "select 1") == 1
    finally:
        await postgres.stop()


async def test_a_database_of_another_major_version_is_refused(folder: DataFolder) -> None:
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    await postgres.stop()
    (version,) = folder.path.glob("postgres/cluster/PG_VERSION")
    version.write_text("15\n")
    with pytest.raises(FolderError, match="PostgreSQL 15"):
        await postgres.start()


@pytest.fixture
def closed_parent(service_path: Path) -> Iterator[Path]:
    closed = service_path / "closed"
    closed.mkdir(mode=0o700)
    yield closed
    for owner in SHARED_ROOT.glob("*/owner"):
        if owner.read_text().strip().startswith(str(closed)):
            for path in sorted(owner.parent.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
            owner.parent.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="about root")
async def test_root_runs_it_as_another_account_and_widens_no_parent(closed_parent: Path) -> None:
    parents = [closed_parent, *closed_parent.parents]
    before = [parent.stat().st_mode for parent in parents]
    folder = DataFolder.open(closed_parent / "data")
    postgres = EmbeddedPostgres(folder)
    await postgres.start()
    try:
        assert await _ask(postgres.conninfo, "select 1") == 1
        assert postgres.child is not None
        assert Path(f"/proc/{postgres.child.pid}").stat().st_uid == service_account().uid != 0
        assert [parent.stat().st_mode for parent in parents] == before
        home = Path((folder.path / "postgres.where").read_text().strip())
        assert home.is_relative_to(SHARED_ROOT)
        assert home.parent.stat().st_uid == 0
    finally:
        await postgres.stop()
