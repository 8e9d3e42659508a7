"""``anxin backtest``: which alarms other parameters would have raised from what is stored."""

from __future__ import annotations

import asyncio
import sys
import time
from types import TracebackType
from typing import Any, Final, Self

import click

from anxin.cli.options import Where, give_up, on_a_system, tell
from anxin.settings import Settings

_HOUR_MS: Final = 3_600_000


@click.command()
@click.option("--from", "start", required=True, help="Its first day or moment: 2026-01-05, 2026-01-05T08:30[+08:00].")
@click.option("--to", "end", help="Where it ends; a day is not part of it [now].")
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@click.option("--site", help="Count only this site's alarms; times without an offset are its own.")
@click.option(
    "--warmup",
    type=click.FloatRange(min=0, max=24 * 60),
    default=24.0,
    show_default=True,
    help="So many hours before --from are run, too, and not counted.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@on_a_system
def backtest(
    where: Where,
    start: str,
    end: str | None,
    settings: tuple[str, ...],
    site: str | None,
    warmup: float,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Run stored telemetry through the engine again, as it was and with other parameters, and compare the alarms.

    Nothing is written; a system that runs goes on. Times are local to the sites.
    """
    from anxin import jit_cache

    jit_cache.configure()
    from anxin.backtesting.backtest import Request
    from anxin.backtesting.errors import BacktestError
    from anxin.backtesting.text import lines

    request = Request(start, end, settings, site, int(warmup * _HOUR_MS))
    try:
        report = asyncio.run(_run(where.settings(), request))
    except BacktestError as error:
        give_up(error)
    tell(report, lines, as_json=as_json)


async def _run(settings: Settings, request: Any) -> Any:
    from anxin.backtesting.backtest import backtest as run
    from anxin.store_access import database_of
    from gateway.store.connection import connect

    async with database_of(settings) as conninfo, await connect(conninfo, application="anxin backtest") as connection:
        with _Bar() as bar:
            return await run(connection, request, bar.reached)


class _Bar:
    """The progress bar with rate and time to go; on standard error, and only where somebody looks."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._began = time.monotonic()
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def reached(self, done: int, total: int) -> None:
        """So many readings of so many have been run."""
        if self._bar is None:
            self._bar = click.progressbar(
                length=total,
                label="readings",
                file=sys.stderr,
                show_eta=True,
                show_pos=True,
                item_show_func=lambda _: f"{self._done / max(time.monotonic() - self._began, 1e-3):,.0f}/s",
                update_min_steps=max(1, total // 500),
            )
        self._bar.length = max(self._bar.length, total)
        self._bar.update(done - self._done, current_item="")
        self._done = done
