"""A PostgreSQL such as somebody runs who has one already: the oldest version that is supported, as Debian ships it.

It listens on 127.0.0.1 and asks for a password. The binaries are Debian's; the cluster is our own, in a folder that
goes afterwards, and never a service of the machine.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg
import pytest

from anxin.embedded.account import service_account
from anxin.embedded.postgres import USER
from gateway.store.fitness import OLDEST
from tests.support.places import free_port, service_folder
from tests.support.postgres import HASTY, PostgresServer
from tests.support.system import until

BINARIES: Final = Path(f"/usr/lib/postgresql/{OLDEST}/bin")
PASSWORD: Final = "own-secret"


@contextmanager
def running_own_postgres() -> Iterator[PostgresServer]:
    """Run it; the account ``anxin`` may make databases and is no superuser. Skips where it is not installed."""
    if not (BINARIES / "postgres").exists():
        pytest.skip(f"PostgreSQL {OLDEST} is not installed: Debian's package postgresql-{OLDEST}")
    account = service_account()
    password = secrets.token_hex(16)
    with service_folder() as path:
        account.own(path)
        (path / "password").write_text(password)
        account.own(path / "password")
        cluster, port = path / "cluster", free_port()
        subprocess.run(
            [
                BINARIES / "initdb", f"--pgdata={cluster}", "--username=postgres", f"--pwfile={path / 'password'}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            ],
            cwd="/", check=True, stdout=subprocess.DEVNULL, **account.spawn_arguments(),
        )  # fmt: skip
        settings = {**HASTY, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (path / "log").open("wb") as log:
            server = subprocess.Popen(
                [BINARIES / "postgres", "-D", cluster, *arguments],
                cwd="/", stdout=log, stderr=log, **account.spawn_arguments(),
            )  # fmt: skip
        try:
            superuser = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
            until(lambda: _answers(superuser))
            with psycopg.connect(superuser, autocommit=True) as connection:
                connection.execute(f"create role {USER} login createdb password '{PASSWORD}'")
            yield PostgresServer(superuser, f"host=127.0.0.1 port={port} user={USER} password={PASSWORD}")
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown: it waits for nobody
            server.wait(30)


def _answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
