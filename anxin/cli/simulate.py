"""``anxin simulate``: the simulator alone."""

from __future__ import annotations

import click

from anxin.cli.options import Where, give_up, on_a_system, say
from anxin.logs import configure_logging
from anxin.until_told import run_until_told_to_stop


@click.command()
@on_a_system
@click.option("--broker", help="Which broker: HOST:PORT or mqtt://USER:PASSWORD@HOST:PORT [the system's own].")
@click.option("--site", default="demo", show_default=True)
@click.option("--residents", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--speed", type=float, default=1.0, show_default=True, help="How much faster than life.")
@click.option("--scenario", default="ordinary", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def simulate(
    where: Where,
    broker: str | None,
    site: str,
    residents: int,
    speed: float,
    scenario: str,
    seed: int,
) -> None:
    """Run the simulator alone, at any broker."""
    from anxin.simulation import broker_address
    from simulator.main import Options, run

    configure_logging(readable=True)
    try:
        options = Options(
            broker=broker_address(where.settings(mqtt__broker=broker), site),
            site=site,
            residents=residents,
            speed=speed,
            scenario=scenario,
            seed=seed,
        )
        run_until_told_to_stop(run(options, say))
    except ValueError as error:
        give_up(error)
