"""``anxin bench``: measurements, each on a system of its own."""

from __future__ import annotations

import asyncio

import click
import msgspec

from anxin.cli.options import give_up, progress, say
from anxin.embedded.errors import StartError


@click.group()
def bench() -> None:
    """Measurements, each on a system of its own."""


_as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@bench.command()
@click.option("--presses", type=click.IntRange(min=1), default=2000, show_default=True, help="SOS a background rate.")
@click.option("--rate", type=float, default=16.0, show_default=True, help="SOS a second.")
@click.option("--background", type=int, multiple=True, help="Messages a second behind them [0, 10000 and 30000].")
@_as_json
def latency(presses: int, rate: float, background: tuple[int, ...], as_json: bool) -> None:  # noqa: FBT001
    """Measure from a published SOS to its event on the console's stream."""
    from anxin.benchmarks.latency import latency as measure

    backgrounds = background or (0, 10_000, 30_000)
    try:
        found = asyncio.run(measure(presses=presses, backgrounds=backgrounds, presses_per_s=rate, progress=progress))
    except StartError as error:
        give_up(error)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    click.echo(f"{'background/s':>12} {'n':>6} {'missing':>7} {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}  ms")
    for row in found:
        click.echo(
            f"{row.background_per_s:>12} {row.n:>6} {row.missing:>7} {row.p50_ms:>8} {row.p90_ms:>8} {row.p99_ms:>8}"
            f" {row.max_ms:>8}"
        )


@bench.command()
@click.option("--devices", type=click.IntRange(min=1), default=5000, show_default=True, help="Bands that report.")
@click.option("--seconds", type=float, default=20.0, show_default=True, help="How long each of the three phases is.")
@click.option("--rate", type=float, help="Messages a second [as fast as the receiver takes them].")
@_as_json
def ingest(devices: int, seconds: float, rate: float | None, as_json: bool) -> None:  # noqa: FBT001
    """Measure durable ingest beside a bare subscriber on the same codec."""
    from anxin.benchmarks.ingest import ingest as measure

    try:
        found = asyncio.run(measure(devices=devices, seconds=seconds, per_s=rate, progress=progress))
    except StartError as error:
        give_up(error)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for name, value in msgspec.structs.asdict(found).items():
        if name != "phases":
            click.echo(f"{name:28} {value}")
    for phase in found.phases:
        cost = "  ".join(f"{name} {us}" for name, us in phase.cpu_us_per_message.items())
        click.echo(
            f"{phase.receiver:8} {phase.messages_per_s:>10,.0f}/s  {phase.seconds:6.1f} s  µs CPU a message: {cost}"
        )
