"""``anxin evaluate falls``: the falls that the engine finds in recordings of a wrist, and what it takes for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from anxin.cli.options import (
    WORKING_POINTS,
    give_up,
    need_matplotlib,
    parameters_from,
    progress_bar,
    tell,
    tell_drawn,
    tell_of_compiling,
)

_WORKING_POINT: Final = "fall.motion.working_point"
_FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)


class Model(NamedTuple):
    """Which model judges, as told on the command line."""

    folds: int | None
    trained_on: tuple[Path, ...]
    weights: Path | None
    models: Path | None


class Worse(NamedTuple):
    """What is done to the recordings, as told on the command line."""

    turn: int | None
    clip_mg: float | None
    rate: float | None
    lose: float


def _of_a_model(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a model, as its argument ``model``."""

    @wraps(command)
    def run(
        folds: int | None, trained_on: tuple[Path, ...], weights: Path | None, models: Path | None, **told: Any
    ) -> None:  # fmt: skip
        if weights is not None and (folds is not None or trained_on):
            raise click.UsageError("--weights are trained already: not with --folds or --trained-on")
        if models is not None and folds is None and not trained_on:
            raise click.UsageError("--models keeps what --folds or --trained-on trains")
        command(model=Model(folds, trained_on, weights, models), **told)

    for option in (
        click.option("--models", type=_FOLDER, help="Keep trained models in this folder, and take them from there."),
        click.option("--weights", type=_FILE, help="A model's weights, a .npy file."),
        click.option(
            "--trained-on", multiple=True, metavar="MANIFEST", type=_FILE,
            help="Train on these, without those judged; with --folds, on these too.",
        ),
        click.option("--folds", type=click.IntRange(min=2), help="Train so many times, leaving out those judged."),
    ):  # fmt: skip
        run = option(run)
    return run


def _of_worse(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that make recordings worse, as its argument ``worse``."""

    @wraps(command)
    def run(turn: int | None, clip_mg: float | None, rate: float | None, lose: float, **told: Any) -> None:
        command(worse=Worse(turn, clip_mg, rate, lose), **told)

    for option in (
        click.option("--lose", type=click.FloatRange(0, 0.95), default=0.0, help="Lose this share of the samples."),
        click.option("--rate", type=click.FloatRange(5, 1000), help="Record anew at this rate, Hz."),
        click.option("--clip-mg", type=click.FloatRange(min=1000), help="The range of each axis, plus and minus."),
        click.option("--turn", type=click.IntRange(min=0), metavar="SEED", help="Turn the band, file by file."),
    ):  # fmt: skip
        run = option(run)
    return run


@click.command()
@click.argument("manifests", metavar="MANIFEST...", nargs=-1, required=True, type=_FILE)
@_of_a_model
@click.option("--working-point", type=click.Choice(list(WORKING_POINTS)), help="Of everyone.")
@click.option("--set", "settings", multiple=True, metavar="RULE.PARAM=VALUE", help="Another value, for everyone.")
@click.option("--ages", type=_FILE, help="A CSV subject,age (77, or 77-95).")
@_of_worse
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of folds, training and loss.")
@click.option("--plot", type=_FOLDER, help="Draw the figures into this folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def falls(
    *, manifests: tuple[Path, ...], model: Model, working_point: str | None, settings: tuple[str, ...],
    ages: Path | None, worse: Worse, seed: int, plot: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Find falls in recordings of a wrist by fall.motion; count what it misses and what it takes for one.

    MANIFEST is a CSV file,subject,label,activity with label fall or adl, and a column age where ages are known; each
    file is a CSV t_ms,x_mg,y_mg,z_mg. Several are one evaluation: a subject of the same name is the same person.
    """
    from anxin import jit_cache

    tell_of_compiling(jit_cache.configure())
    from anxin.evaluating.errors import EvaluationError
    from anxin.evaluating.falls.alterations import Alterations
    from anxin.evaluating.falls.evaluation import Source, evaluate
    from anxin.evaluating.falls.recordings import recordings_of
    from anxin.evaluating.falls.text import lines

    chosen = () if working_point is None else (f"{_WORKING_POINT}={WORKING_POINTS[working_point]}",)
    parameters = parameters_from((*settings, *chosen))
    if plot is not None:
        need_matplotlib()
    try:
        recordings = recordings_of(manifests, ages)
        others = recordings_of(model.trained_on) if model.trained_on else ()
        with progress_bar("training and recordings" if model.folds or others else "recordings") as told_of:
            report, judged = evaluate(
                recordings, source=Source(model.weights, others, model.folds or 0, model.models),
                alterations=Alterations(*worse, seed=seed), parameters=parameters, seed=seed, told_of=told_of,
            )  # fmt: skip
    except EvaluationError as error:
        give_up(error)
    if plot is not None:
        from anxin.evaluating.falls.plots import drawn

        tell_drawn(drawn(report, judged, plot))
    tell(report, lines, as_json=as_json)
