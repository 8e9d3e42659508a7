"""``anxin bench``: measurements, each on a system of its own."""

from __future__ import annotations

import asyncio
import json

import click

from anxin.cli.options import give_up, progress
from anxin.embedded.errors import StartError


@click.group()
def bench() -> None:
    """Measurements, each on a system of its own."""


@bench.command()
@click.option("--presses", type=click.IntRange(min=1), default=2000, show_default=True, help="SOS a background rate.")
@click.option("--rate", type=float, default=16.0, show_default=True, help="SOS a second.")
@click.option("--background", type=int, multiple=True, help="Messages a second behind them [0 and 5000].")
@click.option("--json", "as_json", is_flag=True)
def latency(presses: int, rate: float, background: tuple[int, ...], as_json: bool) -> None:  # noqa: FBT001
    """Measure from a published SOS to its event on the console's stream."""
    from anxin.benchmark import latency as measure

    backgrounds = background or (0, 5000)
    try:
        found = asyncio.run(measure(presses=presses, backgrounds=backgrounds, presses_per_s=rate, progress=progress))
    except StartError as error:
        give_up(error)
    if as_json:
        click.echo(json.dumps([{name: getattr(row, name) for name in row.__struct_fields__} for row in found]))
        return
    click.echo(f"{'background/s':>12} {'n':>6} {'missing':>7} {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}  ms")
    for row in found:
        click.echo(
            f"{row.background_per_s:>12} {row.n:>6} {row.missing:>7} {row.p50_ms:>8} {row.p90_ms:>8} {row.p99_ms:>8}"
            f" {row.max_ms:>8}"
        )
