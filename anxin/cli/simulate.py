"""``anxin simulate``: the simulator alone, an invented community or recordings."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from anxin.cli.options import Where, give_up, on_a_system, say
from anxin.logs import configure_logging
from anxin.settings import Settings
from anxin.until_told import run_until_told_to_stop


class _TellsScenarios(click.Command):
    """Lists the scenarios below its options, each with the first line of what it says of itself."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from simulator.scenarios import SCENARIOS

        del ctx
        with formatter.section("Scenarios"):
            formatter.write_dl([(name, (course.__doc__ or "").splitlines()[0]) for name, course in SCENARIOS.items()])


@click.command(cls=_TellsScenarios)
@on_a_system
@click.option("--broker", help="Which broker: HOST:PORT or mqtt://USER:PASSWORD@HOST:PORT [the system's own].")
@click.option("--site", default="demo", show_default=True)
@click.option("--residents", type=click.IntRange(min=1), default=200, show_default=True)
@click.option(
    "--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Faster than life."
)
@click.option("--scenario", default="ordinary", show_default=True, help="What happens; listed below.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--replay",
    "recording",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Play a recording or a manifest of recordings instead.",
)
@click.option("--independent", is_flag=True, help="Replay: every file is somebody of its own.")
@click.option("--stored", is_flag=True, help="Replay: all at once, as a band sends what it kept while out of range.")
def simulate(
    where: Where,
    broker: str | None,
    site: str,
    residents: int,
    speed: float,
    scenario: str,
    seed: int,
    recording: Path | None,
    independent: bool,  # noqa: FBT001
    stored: bool,  # noqa: FBT001
) -> None:
    """Run the simulator alone, at any broker: an invented community, or recordings."""
    from anxin.simulation import broker_address
    from simulator.main import Options, run

    configure_logging(readable=True)
    settings = where.settings(mqtt__broker=broker)
    if recording is not None:
        _replay(settings, site, recording, independent=independent, speed=None if stored else speed)
        return
    if independent or stored:
        give_up("--independent and --stored belong to --replay")
    try:
        options = Options(
            broker=broker_address(settings, site),
            site=site,
            residents=residents,
            speed=speed,
            scenario=scenario,
            seed=seed,
        )
        run_until_told_to_stop(run(options, say))
    except ValueError as error:
        give_up(error)


def _replay(settings: Settings, site: str, recording: Path, *, independent: bool, speed: float | None) -> None:
    from anxin.replaying import replay
    from simulator.recordings import RecordingError, subjects

    try:
        people = subjects(recording, independent=independent)
        outcome = asyncio.run(replay(settings, site, people, speed=speed, say=say))
    except (RecordingError, ValueError) as error:
        give_up(error)
    for kind, count in sorted(outcome.played.items()):
        kept = "" if outcome.stored is None else f", stored {outcome.stored[kind]}"
        say(f"{kind:10} played {count}{kept}")
    for rule, count in sorted((outcome.alarms or {}).items()):
        say(f"alarms     {rule} {count}")
    if outcome.stored is not None and not outcome.stored >= outcome.played:
        sys.exit(1)
