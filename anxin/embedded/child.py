"""A child process that ends with its parent, is named by a pid file and can be waited for."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, Signals

import psutil

from anxin.embedded.account import Account
from anxin.embedded.proof import ProcessRecord

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """One child process. Start it from the main thread: the parent-death signal follows the thread."""

    def __init__(self, process: subprocess.Popen[bytes], name: str, pid_file: Path) -> None:
        self._process = process
        self._pid_file = pid_file
        self.name = name

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status (negative: ended by that signal), None while it runs."""
        return self._process.poll()

    def signal(self, number: Signals) -> None:
        """Send a signal; nothing happens when it has ended."""
        self._process.send_signal(number)

    async def wait(self) -> int:
        """Wait until it has ended; returns its exit status."""
        while self._process.poll() is None:
            await _until_exit(self._process.pid)
        self._forget()
        return self._process.returncode

    async def stop(self, signals: Sequence[tuple[Signals, float]]) -> int:
        """End it: each signal in turn with the seconds it is given, SIGKILL at last; returns the exit status."""
        for number, patience_s in signals:
            self.signal(number)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(self.wait(), patience_s)
        self.signal(SIGKILL)
        return await self.wait()

    def _forget(self) -> None:
        record = ProcessRecord.read(self._pid_file)
        if record is not None and record.pid == self.pid:
            self._pid_file.unlink(missing_ok=True)


def spawn(
    name: str,
    command: Sequence[str],
    *,
    folder: Path,
    pid_folder: Path,
    log: Path | None,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    death_signal: Signals = SIGKILL,
    stdin: int = subprocess.DEVNULL,
) -> Child:
    """Start a child process in a session of its own, its output appended to ``log`` or, without one, to our stderr.

    Args:
        name: names the pid file.
        command: program and arguments; ``folder`` must stand in them, as the proof that it is ours.
        folder: what the command line is recognised by.
        pid_folder: where ``<name>.pid`` is written.
        log: receives stdout and stderr; None: our standard error does.
        account: under which account it runs; None for our own.
        environment: its whole environment; None for ours.
        death_signal: what the kernel sends it when we die.
        stdin: a descriptor for its standard input.
    """
    if not any(str(folder) in argument for argument in command):
        raise ValueError("the folder must stand in the command line")
    with open(2, "ab", closefd=False) if log is None else log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            cwd="/",
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
            # Runs after the change of account, which would clear the parent-death signal.
            preexec_fn=_before_exec(death_signal, os.getpid()),  # noqa: PLW1509
            **(account.spawn_arguments() if account else {}),
        )
    pid_file = pid_folder / f"{name}.pid"
    with contextlib.suppress(psutil.Error):
        ProcessRecord.of(name, process.pid, folder).write(pid_file)
    return Child(process, name, pid_file)


def _before_exec(death_signal: Signals, parent: int) -> Callable[[], None]:
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)

    def prepare() -> None:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


async def _until_exit(pid: int) -> None:
    """Return when the process may have ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        await asyncio.sleep(0.05)
        return
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    loop.add_reader(descriptor, end)
    try:
        await ended
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
