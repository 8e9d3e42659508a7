"""``anxin bench``: measurements, each on a system of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from anxin.cli.options import counted, give_up, need, need_matplotlib, parameters_from, progress, say, tell, tell_drawn
from anxin.embedded.errors import StartError

T = TypeVar("T")


@click.group()
def bench() -> None:
    """Measurements, each on a system of its own."""


def _run(measurement: Coroutine[Any, Any, T]) -> T:
    """What was found; gives up in words when the system does not start."""
    try:
        return asyncio.run(measurement)
    except StartError as error:
        give_up(error)


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
    found = _run(measure(presses=presses, backgrounds=backgrounds, presses_per_s=rate, progress=progress))
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    columns = ("background_per_s", "reached_per_s", "n", "missing", "p50_ms", "p90_ms", "p99_ms", "max_ms")
    click.echo(" ".join(f"{name:>16}" for name in columns))
    for row in found:
        click.echo(" ".join(f"{getattr(row, name):>16}" for name in columns))


@bench.command()
@click.option("--devices", type=click.IntRange(min=1), default=5000, show_default=True, help="Bands that report.")
@click.option("--seconds", type=float, default=20.0, show_default=True, help="How long each of the three phases is.")
@click.option("--rate", type=float, help="Messages a second [as fast as the receiver takes them].")
@_as_json
def ingest(devices: int, seconds: float, rate: float | None, as_json: bool) -> None:  # noqa: FBT001
    """Measure durable ingest beside a bare subscriber on the same codec."""
    from anxin.benchmarks.ingest import ingest as measure

    found = _run(measure(devices=devices, seconds=seconds, per_s=rate, progress=progress))
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


@bench.command()
@click.option("--devices", type=click.IntRange(min=1), default=5000, show_default=True, help="Bands that report.")
@click.option("--minutes", type=float, default=10.0, show_default=True)
@click.option("--rate", type=float, default=20_000.0, show_default=True, help="Messages a second.")
@_as_json
def soak(devices: int, minutes: float, rate: float, as_json: bool) -> None:  # noqa: FBT001
    """Watch every role's memory while a steady load goes on."""
    from anxin.benchmarks.soak import soak as measure

    found = _run(measure(devices=devices, minutes=minutes, per_s=rate, progress=progress))
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    click.echo(f"{found.received:,} of {found.messages:,} messages stored, {found.messages_per_s:,.0f} a second")
    for name, slope in found.slope_mib_per_min.items():
        click.echo(f"{name:16} {found.samples[-1].rss_mib[name]:8.1f} MiB {slope:+8.3f} MiB a minute")


@bench.command()
@click.option("--residents", type=click.IntRange(min=3), default=100_000, show_default=True, help="With a band each.")
@_as_json
def recovery(residents: int, as_json: bool) -> None:  # noqa: FBT001
    """Measure from the gateway's start to its first alarm, with an hour and with a minute to repeat."""
    from anxin import jit_cache

    jit_cache.configure()
    from anxin.benchmarks.recovery import recovery as measure

    found = _run(measure(residents=residents, progress=progress))
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for start in found.starts:
        stages = "  ".join(f"{name} {seconds:g}" for name, seconds in start.stages_s.items())
        click.echo(
            f"{start.readings_replayed:>10,} readings repeated{'' if start.snapshot else ', no snapshot'}:"
            f" alarm after {start.alarm_after_s:.2f} s ({stages}),"
            f" CPU {start.gateway_cpu_s:g} s and {start.database_cpu_s:g} s of the database"
        )
    for name, value in msgspec.structs.asdict(found.pauses).items():
        click.echo(f"{name:28} {value}")


@bench.command()
@click.option("--alarms", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--open", "open_alarms", type=click.IntRange(0, 50_000), default=1000, show_default=True)
@click.option("--rate", type=float, default=20.0, show_default=True, help="Alarms a second.")
@click.option("--links", is_flag=True, help="Let every SMS carry a link.")
@_as_json
def escalation(alarms: int, open_alarms: int, rate: float, links: bool, as_json: bool) -> None:  # noqa: FBT001
    """Measure from a committed alarm to its request at Twilio, with other alarms open."""
    from anxin.benchmarks.escalation import escalation as measure

    measuring = measure(alarms=alarms, open_alarms=open_alarms, alarms_per_s=rate, links=links, progress=progress)
    found = _run(measuring)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for name, value in msgspec.structs.asdict(found).items():
        click.echo(f"{name:28} {value}")


@bench.command()
@click.option("--residents", type=click.IntRange(min=100), default=100_000, show_default=True)
@click.option("--events", type=click.IntRange(min=1), default=2_000_000, show_default=True, help="Readings a round.")
@click.option("--polygons", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Share with a polygon.")
@click.option("--sweep", is_flag=True, help="What an event costs at 1,000 to 1,000,000 residents, too.")
@_as_json
def engine(residents: int, events: int, polygons: float, sweep: bool, as_json: bool) -> None:  # noqa: FBT001
    """Measure the alert engine beside what memory allows and beside plain Python."""
    from anxin import jit_cache

    jit_cache.configure()
    from bench.engine import measure

    found = measure(residents=residents, events=events, polygon_share=polygons, sweep=sweep, progress=progress)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for name, value in msgspec.structs.asdict(found).items():
        if name != "sweep":
            click.echo(f"{name:28} {value}")
    for size in found.sweep:
        click.echo(
            f"{size.residents:>10,} residents  {size.ns_per_event:7.1f} ns an event"
            f"  memory's limit {size.memory_limit_ns:6.1f} ns  ratio {size.ratio}"
        )


@bench.command()
@click.option("--bands", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option(
    "--rate", "rate_hz", type=click.FloatRange(1, 1000), default=25.0, show_default=True, help="Samples a second."
)
@click.option("--seconds", type=click.FloatRange(5, 600), default=30.0, show_default=True, help="Of motion, each.")
@_as_json
def motion(bands: int, rate_hz: float, seconds: float, as_json: bool) -> None:  # noqa: FBT001
    """Measure the engine while so many bands send all the motion of their wrists, by what their wearers do."""
    from anxin import jit_cache

    jit_cache.configure()
    from bench.motion import measure

    found = measure(bands=bands, rate_hz=rate_hz, seconds=seconds, progress=progress)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for doing in found.doings:
        click.echo(
            f"{doing.name:20} {doing.us_per_sample:7.3f} µs a sample  {doing.cores:6.3f} cores for all"
            f"  {doing.falls:6} falls told"
        )
    click.echo(f"model {found.model_ms:.3f} ms a look; {found.bytes_per_band} bytes a band; load average {found.load}")


@bench.command()
@click.option("--residents", type=click.IntRange(min=1), default=10_000, show_default=True)
@_as_json
def fixes(residents: int, as_json: bool) -> None:  # noqa: FBT001
    """Measure what a fix costs the engine, by what its wearer does and the rules of wandering that are on."""
    from anxin import jit_cache

    jit_cache.configure()
    from bench.fixes import measure

    found = measure(residents=residents, progress=progress)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for doing in found.doings:
        costs = "  ".join(f"{on}: {us:.3f}" for on, us in doing.us.items())
        click.echo(f"{doing.name:16} µs a fix  {costs}  added by zone_exit and pattern: {doing.added_us:.3f}")
        click.echo(f"{'':16} a kernel that only reads and writes the record: {doing.memory_limit_us:.3f}")
    click.echo(f"load average {found.load}")


@bench.command("load")
@click.option("--residents", type=click.IntRange(min=10), default=1000, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=30, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--assume", multiple=True, metavar="WORD", help="The world: usual, noisy, or one value as NAME=NUMBER.")
@click.option(
    "--desk",
    type=click.Choice(["patient", "hasty"]),
    default="patient",
    show_default=True,
    help="Whether alarms are kept until their cause has ended, or closed after 20 minutes.",
)
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@_as_json
def desk_load(
    residents: int, days: int, seed: int, assume: tuple[str, ...], desk: Any, settings: tuple[str, ...],
    as_json: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Simulate a month of a community and count what sounds at the desk, per 1,000 residents and day."""
    from anxin import jit_cache

    jit_cache.configure()
    from bench.desk.assumptions import assumed
    from bench.desk.month import measure
    from bench.desk.text import lines

    values = parameters_from(settings)
    try:
        world = assumed(assume)
    except ValueError as error:
        give_up(error)
    with counted("days", days) as told:
        found = measure(
            residents=residents, days=days, seed=seed, world=world, manner=desk, parameters=values,
            told=told,
        )  # fmt: skip
    tell(found, lines, as_json=as_json)


@bench.command()
@click.option("--residents", type=click.IntRange(min=10), default=500, show_default=True)
@click.option("--days", type=click.IntRange(min=4), default=365, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--assume", multiple=True, metavar="WORD", help="The world: usual, noisy, or one value as NAME=NUMBER.")
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@click.option("--plot", type=click.Path(path_type=Path, file_okay=False), help="Draw the figures into this folder.")
@_as_json
def year(
    residents: int, days: int, seed: int, assume: tuple[str, ...], settings: tuple[str, ...], plot: Path | None,
    as_json: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Simulate a year of promised checks and routines: false alarms by rule, and how soon the helpless are noticed."""
    from anxin import jit_cache

    jit_cache.configure()
    from bench.year.assumptions import assumed
    from bench.year.run import measure
    from bench.year.text import lines

    values = parameters_from(settings)
    if plot is not None:
        need_matplotlib()
    try:
        world, people = assumed(assume)
    except ValueError as error:
        give_up(error)
    with counted("days", days) as told:
        found = measure(
            residents=residents, days=days, seed=seed, world=world, a=people, parameters=values,
            told=told,
        )  # fmt: skip
    if plot is not None:
        from bench.year.plots import drawn

        tell_drawn(drawn(found, plot))
    tell(found, lines, as_json=as_json)


@bench.command()
@click.option("--residents", type=click.IntRange(min=1), default=60, show_default=True)
@click.option("--days", type=click.IntRange(min=0), default=365, show_default=True, help="0: no years.")
@click.option("--each", type=click.IntRange(min=0), default=60, show_default=True, help="Single outings of each kind.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--assume", multiple=True, metavar="NAME=NUMBER", help="Another value of the simulated world.")
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@click.option("--plot", type=click.Path(path_type=Path, file_okay=False), help="Draw the figures into this folder.")
@_as_json
def outdoors(
    residents: int, days: int, each: int, seed: int, assume: tuple[str, ...], settings: tuple[str, ...],
    plot: Path | None,
    as_json: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Simulate years out of doors: false alarms of wandering by rule and cause, and who is found when."""
    from anxin import jit_cache

    jit_cache.configure()
    from bench.outdoors.report import Outdoor, lines
    from bench.outdoors.run import measure
    from bench.outdoors.trials import PLANNED, tried
    from simulator.outdoors.assumptions import assumed

    values = parameters_from(settings)
    if plot is not None:
        need_matplotlib()
    try:
        world = assumed(assume)
    except ValueError as error:
        give_up(error)
    years = trials = None
    if each:
        with counted("outings", PLANNED) as told:
            trials = tried(each=each, seed=seed, a=world, parameters=values, told=told)
    if days:
        with counted("days", days) as told:
            years = measure(
                residents=residents, days=days, seed=seed, a=world, parameters=values, told=told
            )  # fmt: skip
    if plot is not None and years is not None:
        from bench.outdoors.plots import drawn

        tell_drawn(drawn(years, plot))
    tell(Outdoor(years=years, trials=trials), lines, as_json=as_json)


@bench.command()
@click.option("--open", "open_alarms", type=click.IntRange(1, 500), default=500, show_default=True)
@click.option("--slowdown", type=click.IntRange(1, 20), multiple=True, help="Slow the processor down [1 and 4 times].")
@click.option("--changes", type=float, default=10.0, show_default=True, help="Alarms that change a second meanwhile.")
@click.option("--browser", type=click.Path(exists=True), help="A Chromium [the one that is installed].")
@_as_json
def console(open_alarms: int, slowdown: tuple[int, ...], changes: float, browser: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Measure in a browser how heavy the first page is, and how soon the live list answers a key."""
    need("playwright", "a browser is driven by playwright")
    from anxin.benchmarks.console import console as measure

    measuring = measure(
        open_alarms=open_alarms, slowdowns=slowdown or (1, 4), changes_per_s=changes, progress=progress, browser=browser
    )  # fmt: skip
    found = _run(measuring)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    for rows in (found.pages, found.presses):
        names = rows[0].__struct_fields__
        click.echo(" ".join(f"{name:>15}" for name in names))
        for row in rows:
            click.echo(" ".join(f"{getattr(row, name):>15}" for name in names))
