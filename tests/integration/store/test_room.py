"""A full disk, a real one: whoever only reads does not notice it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from anxin.embedded.account import service_account
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from gateway.store.connection import connect
from gateway.store.room import has_room

SIZE = "160m"


@pytest.fixture
def small_disk(service_path: Path) -> Iterator[Path]:
    disk = service_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("NO FILE SYSTEM CAN BE MOUNTED HERE: this law was not tested")
    try:
        service_account().own(disk)
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filling:
        try:
            while True:
                filling.write(bytes(4096))
        except OSError:
            return


async def test_a_full_disk_is_noticed_though_the_database_answers(small_disk: Path) -> None:
    postgres = EmbeddedPostgres(DataFolder.open(small_disk / "data"))
    await postgres.start()
    try:
        async with await connect(postgres.conninfo, application="anxin test") as connection:
            assert await has_room(connection)
            _fill(small_disk / "filling")
            assert not await has_room(connection)
            with psycopg.connect(postgres.conninfo) as other:
                assert other.execute("select 1").fetchone() == (1,)
            (small_disk / "filling").unlink()
            assert await has_room(connection)
    finally:
        await postgres.stop()
