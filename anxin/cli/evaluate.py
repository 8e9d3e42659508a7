"""``anxin evaluate``: the engine's detectors over recordings of other people."""

from __future__ import annotations

from pathlib import Path

import click

from anxin.cli.evaluate_falls import falls
from anxin.cli.evaluate_wandering import wandering
from anxin.cli.options import give_up, need_matplotlib, parameters_from, progress_bar, tell, tell_drawn


@click.group()
def evaluate() -> None:
    """Run the engine's own detectors over recordings, and say what they would have said."""


evaluate.add_command(falls)
evaluate.add_command(wandering)


@evaluate.command()
@click.argument("manifest", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--trials", type=click.IntRange(min=1), default=100, show_default=True, help="Ends of signs a person.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@click.option("--plot", type=click.Path(path_type=Path, file_okay=False), help="Draw the figures into this folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def routine(
    manifest: Path, trials: int, seed: int, settings: tuple[str, ...], plot: Path | None,
    as_json: bool,  # noqa: FBT001
) -> None:  # fmt: skip
    """Count false alarms of missed_check.inactivity on recorded lives, and how soon it notices that their signs end.

    MANIFEST is a CSV file,subject,timezone; each file is a CSV t_ms,sign of one person over weeks.
    """
    from anxin import jit_cache

    jit_cache.configure()
    from anxin.evaluating.errors import EvaluationError
    from anxin.evaluating.routine.recordings import people_of
    from anxin.evaluating.routine.run import evaluate as run
    from anxin.evaluating.routine.text import lines

    parameters = parameters_from(settings)
    if plot is not None:
        need_matplotlib()
    try:
        people = people_of(manifest)
        with progress_bar("reports") as told_of:
            report = run(people, trials=trials, seed=seed, parameters=parameters, told_of=told_of)
    except EvaluationError as error:
        give_up(error)
    if plot is not None:
        from anxin.evaluating.routine.plots import drawn

        tell_drawn(drawn(report, plot))
    tell(report, lines, as_json=as_json)
