"""A file planned in a process of its own, of low priority and bounded in time.

Reading 5,000 lines of XLSX is seconds of work: a thread would share its interpreter with the stream of alarms.
The process gets one message on its standard input and answers with one: no state, nothing to leave behind.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from dashboards.exchange import Planned, Unreadable, plan_file
from dashboards.exchange.columns import Kind
from gateway.store.registry_bulk import KINDS, Snapshot

AT_MOST_S: Final = 120
"""A file within all bounds takes a few seconds; whatever takes this long was made to. Source: assumption."""
_NICENESS: Final = 5


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What ``plan_file`` takes; ``rows`` are the snapshot's by the names of their kinds."""

    data: bytes
    version: int
    rows: dict[str, list[str]]
    sites: list[str]
    site: str | None
    kind: Kind | None
    now: int
    refused: dict[int, str]


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """An ``Unreadable``."""

    code: str
    params: dict[str, str]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One of both."""

    planned: Planned | None = None
    unread: Unread | None = None


async def plan_apart(
    data: bytes,
    known: Snapshot,
    *,
    sites: Sequence[str],
    site: str | None,
    kind: Kind | None,
    now: int,
    refused: Mapping[int, str],
) -> Planned:
    """``plan_file`` in a process of its own.

    Raises:
        Unreadable: As ``plan_file``, or it took too long.
    """
    question = Question(
        data=data,
        version=known.version,
        rows={each.__name__: list(rows) for each, rows in known.rows.items()},
        sites=list(sites),
        site=site,
        kind=kind,
        now=now,
        refused=dict(refused),
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(AT_MOST_S):
            told, _ = await process.communicate(msgspec.msgpack.encode(question))
    except TimeoutError:
        raise Unreadable("took_too_long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"planning an import ended with {process.returncode}")
    answer = msgspec.msgpack.decode(told, type=Answer)
    if answer.unread is not None:
        raise Unreadable(answer.unread.code, **answer.unread.params)
    assert answer.planned is not None
    return answer.planned


def _answer(question: Question) -> Answer:
    kinds = {each.__name__: each for each in KINDS}
    known = Snapshot(question.version, {kinds[name]: rows for name, rows in question.rows.items()})
    try:
        planned = plan_file(
            question.data,
            known,
            sites=question.sites,
            site=question.site,
            kind=question.kind,
            now=question.now,
            refused=question.refused,
        )
    except Unreadable as error:
        return Answer(unread=Unread(code=error.code, params=error.params))
    return Answer(planned=planned)


def main() -> None:
    """Answer the one question on standard input."""
    os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(question)))


if __name__ == "__main__":
    main()
