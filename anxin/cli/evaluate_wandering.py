"""``anxin evaluate wandering``: who is found going astray on recorded walks, and whom the rules trouble."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from anxin.cli.options import (
    give_up,
    need_matplotlib,
    parameters_from,
    progress_bar,
    tell,
    tell_drawn,
    tell_of_compiling,
)

_RULES: Final = ("zone_exit", "night_exit", "pattern", "lost")


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--independent", is_flag=True, help="Each walk is somebody's first: nothing is known from another.")
@click.option("--rules", metavar="RULE,…", help=f"Only these of {', '.join(_RULES)}.")
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of intervals over people.")
@click.option("--plot", type=click.Path(path_type=Path, file_okay=False), help="Draw the walks into this folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def wandering(
    *, manifest: Path, independent: bool, rules: str | None, settings: tuple[str, ...], seed: int, plot: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Follow recorded walks by the rules of wandering; count who is found going astray, how soon, and false alarms.

    MANIFEST is a CSV file,subject,label,home_lat,home_lon,zone_radius_m with label wandering or ordinary, and columns
    onset_t_ms, timezone and activity where they are known; each file is a CSV t_ms,lat,lon,accuracy_m. The files of one
    subject are one life.
    """
    from anxin import jit_cache

    tell_of_compiling(jit_cache.configure())
    from anxin.evaluating.errors import EvaluationError
    from anxin.evaluating.wandering.evaluation import evaluate
    from anxin.evaluating.wandering.recordings import people_of
    from anxin.evaluating.wandering.run import RULES
    from anxin.evaluating.wandering.text import lines

    chosen = [name.strip().removeprefix("wandering.") for name in rules.split(",")] if rules else list(_RULES)
    for name in chosen:
        if name not in _RULES:
            raise click.UsageError(f"--rules {name} is none of {', '.join(_RULES)}")
    in_force = [rule for rule in RULES if rule.public_name.removeprefix("wandering.") in chosen]
    parameters = parameters_from(settings)
    if plot is not None:
        need_matplotlib()
    try:
        people = people_of(manifest)
    except EvaluationError as error:
        give_up(error)
    with progress_bar("walks") as told_of:
        report, followed = evaluate(
            people, parameters=parameters, rules=in_force, independent=independent, seed=seed, told_of=told_of
        )
    if plot is not None:
        from anxin.evaluating.wandering.plots import drawn

        tell_drawn(drawn(followed, plot))
    tell(report, lines, as_json=as_json)
