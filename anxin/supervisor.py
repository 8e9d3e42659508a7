"""Keeps services running: starts them again when they die, and stops them in the right order.

A service is anything with a child process: the database, the broker, a role. The only broad ``except``
of the project is here: whatever goes wrong with a service, the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, Protocol

import structlog

from anxin.embedded.child import Child, spawn
from anxin.embedded.folder import DataFolder
from anxin.last_work import LOOK_S, note_of

_log = structlog.get_logger(__name__)

FIRST_DELAY_S: Final = 0.2
LONGEST_DELAY_S: Final = 10.0
HEALTHY_AFTER_S: Final = 60.0
"""A service that has run this long is started again at once when it dies."""
STORING_AT_MOST_S: Final = 30.0
"""So much longer a process may take to end while it says that it stores something: a last snapshot of 100,000 residents
is packed and stored in 2 s on a quiet machine, and without it the next start takes as many seconds more."""

ServiceState = Literal["starting", "ready", "restarting", "stopped"]
OnState = Callable[[str, ServiceState, int | None, str | None], Awaitable[None]]
"""Told (name, state, pid, detail) of every change."""


class Service(Protocol):
    """Something with a child process."""

    @property
    def name(self) -> str:
        """What it is called in pid files, logs and on the console."""
        ...

    @property
    def child(self) -> Child | None:
        """Its process, None before the start and after the stop."""
        ...

    @property
    def reports_itself(self) -> bool:
        """Whether it tells the store by itself when it is ready; else it is ready once ``start`` returns."""
        ...

    async def start(self) -> None:
        """Start it and wait until it serves."""
        ...

    async def stop(self) -> None:
        """Stop it within a bound; nothing of it runs afterwards."""
        ...


class Process:
    """A service that is one of our own commands, ``python -m anxin …``: a role, the simulator.

    Args:
        name: what it is called; names its pid file and its log.
        arguments: of ``anxin``; the data folder is added, as the proof that the process is ours.
        folder: the data folder.
        environment: its whole environment.
        reports_itself: whether it tells the store when it is ready, as roles do.
        patience_s: how long it may take to end after SIGTERM, unless it says that it still stores something.
        to_files: whether its output goes to a log file, else to our standard error.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        folder: DataFolder,
        environment: Mapping[str, str],
        reports_itself: bool = True,
        patience_s: float = 3.5,
        to_files: bool = True,
    ) -> None:
        self.name = name
        self.reports_itself = reports_itself
        self.child: Child | None = None
        self._command = [sys.executable, "-m", "anxin", *arguments, "--data-dir", str(folder.path)]
        self._folder = folder
        self._environment = environment
        self._patience_s = patience_s
        self.log = folder.log / f"{name}.log" if to_files else None
        """Where its output goes; None: to our standard error."""

    async def start(self) -> None:
        """Start the process; it says by itself when it is ready."""
        note_of(self._folder.path, self.name).unlink(missing_ok=True)
        self.child = spawn(
            self.name,
            self._command,
            folder=self._folder.path,
            pid_folder=self._folder.run,
            log=self.log,
            environment=self._environment,
        )

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL when our patience is over; with one that stores something we have more."""
        if self.child is None:
            return
        self.child.signal(signal.SIGTERM)
        note = note_of(self._folder.path, self.name)
        if not await _ended(self.child, self._patience_s) and note.exists():
            for _ in range(int(STORING_AT_MOST_S / LOOK_S)):
                if not note.exists() or await _ended(self.child, LOOK_S):
                    break
            await _ended(self.child, self._patience_s)
        await self.child.stop([])
        note.unlink(missing_ok=True)
        self.child = None


async def _ended(child: Child, within_s: float) -> bool:
    """Whether it ends in this time."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), within_s)
        return True
    return False


class Supervisor:
    """Runs groups of services; the last group that was started is the first to be stopped, the foundation the last."""

    def __init__(self, on_state: OnState) -> None:
        self._on_state = on_state
        self._foundation: list[Service] = []
        self._groups: list[list[Service]] = []
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self.deaths: Counter[str] = Counter()
        """How often each service has ended by itself."""

    async def start(self, *services: Service, foundation: bool = False) -> None:
        """Start a group of services together and keep them running from now on.

        Args:
            services: what to start.
            foundation: what the others stand on and what stands on nothing itself: stopped last, together.

        Raises:
            StartError: if one of them cannot be started.
        """
        if foundation:
            self._foundation.extend(services)
        else:
            self._groups.append(list(services))
        for service in services:
            await self._start(service)
            self._keepers[service.name] = asyncio.create_task(self._keep(service), name=f"keep {service.name}")

    async def stop(self) -> None:
        """Stop everything: the groups in reverse order, the services of a group at the same time."""
        keepers = list(self._keepers.values())
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        self._keepers.clear()
        for group in (*reversed(self._groups), self._foundation):
            stopping = [asyncio.create_task(service.stop(), name=f"stop {service.name}") for service in group]
            for outcome in await asyncio.gather(*stopping, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    _log.error("service not stopped", error=repr(outcome))
            for service in group:
                await self._on_state(service.name, "stopped", None, None)
        self._groups.clear()
        self._foundation.clear()

    def kill(self, name: str) -> bool:
        """SIGKILL a service, as the demo does with the gateway; it is started again like any that dies."""
        for service in (*self._foundation, *(service for group in self._groups for service in group)):
            if service.name == name and service.child is not None:
                service.child.signal(signal.SIGKILL)
                return True
        return False

    async def _start(self, service: Service) -> None:
        await self._on_state(service.name, "starting", None, None)
        await service.start()
        if not service.reports_itself and service.child is not None:
            await self._on_state(service.name, "ready", service.child.pid, None)

    async def _keep(self, service: Service) -> None:
        loop = asyncio.get_running_loop()
        delay_s = FIRST_DELAY_S
        while True:
            started = loop.time()
            detail = await self._until_down(service)
            if loop.time() - started > HEALTHY_AFTER_S:
                delay_s = FIRST_DELAY_S
            self.deaths[service.name] += 1
            _log.error("service down", service=service.name, detail=detail, restart_in_s=delay_s)
            await self._on_state(service.name, "restarting", None, detail)
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)
            try:
                await self._start(service)
            except Exception as error:
                _log.exception("service not started", service=service.name, error=type(error).__name__)
                with contextlib.suppress(Exception):
                    await service.stop()

    async def _until_down(self, service: Service) -> str:
        """Wait until the process has ended; says how."""
        if service.child is None:
            return "it did not start"
        status = await service.child.wait()
        return f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
