"""A process of its own that is given an order, tells what it counts, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import sys
from subprocess import PIPE
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

import msgspec

VARIABLE: Final = "ANXIN_BENCH_ORDER"
"""The environment variable that carries the order: a password never stands in a command line."""

T = TypeVar("T", bound=msgspec.Struct)


class Worker(Generic[T]):
    """``python -m module`` while the block runs.

    Attributes:
        told: the newest line that it wrote, as ``kind``.
        first: set once there is one.
    """

    def __init__(self, module: str, order: msgspec.Struct, kind: type[T], nothing: T) -> None:
        self.told = nothing
        self.first = asyncio.Event()
        self._module = module
        self._order = order
        self._decoder = msgspec.json.Decoder(kind)
        self._tasks = asyncio.TaskGroup()
        self._ended = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._running.pid

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    async def __aenter__(self) -> Self:
        environment = {**os.environ, VARIABLE: msgspec.json.encode(self._order).decode()}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, env=environment, stdin=PIPE, stdout=PIPE
        )
        await self._tasks.__aenter__()
        self._tasks.create_task(self._read(self._process), name=self._module)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.finish()
        elif self._running.returncode is None:
            self._running.terminate()
        await self._running.wait()
        await self._tasks.__aexit__(kind, error, trace)

    async def until_first(self) -> None:
        """Return when it has told something.

        Raises:
            RuntimeError: It ended instead.
        """
        await self.first.wait()
        if self._ended.is_set():
            raise RuntimeError(f"{self._module} ended before it began; its reason stands above")

    def say(self, line: bytes) -> None:
        """Write a line to its standard input."""
        stdin = self._running.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(line + b"\n")

    async def finish(self) -> T:
        """End its input, which ends it; returns the last that it told."""
        if self._running.stdin is not None:
            self._running.stdin.close()
        await self._ended.wait()
        return self.told

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.told = self._decoder.decode(line)
            self.first.set()
        self._ended.set()
        self.first.set()


def order(kind: type[T]) -> T:
    """In the worker: what it was told to do."""
    return msgspec.json.decode(os.environ[VARIABLE], type=kind)


def tell(what: msgspec.Struct) -> None:
    """In the worker: write a line, at once."""
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


async def standard_input() -> asyncio.StreamReader:
    """In the worker: what it is told meanwhile; the end of it means stop."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader
