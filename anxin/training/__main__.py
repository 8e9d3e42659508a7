"""``python -m anxin.training MANIFEST… --out FILE``: the model of falls, trained on recordings."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from anxin import jit_cache
from anxin.cli.options import give_up, progress_bar


@click.command()
@click.argument(
    "manifests", nargs=-1, required=True, metavar="MANIFEST...",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Where the weights go.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def main(manifests: tuple[Path, ...], out: Path, seed: int) -> None:
    """Train the model of falls on the recordings of each MANIFEST, a CSV file,subject,label,activity."""
    jit_cache.configure()
    from anxin.evaluating.errors import EvaluationError
    from anxin.evaluating.falls.recordings import recordings_of
    from anxin.training.falls import Untrainable, train

    try:
        recordings = recordings_of(manifests)
        with progress_bar("training") as told_of:
            weights = train(recordings, seed=seed, progress=told_of)
    except (EvaluationError, Untrainable) as error:
        give_up(error)
    np.save(out, weights)
    people, falls = len({recording.subject for recording in recordings}), sum(each.is_fall for each in recordings)
    click.echo(f"{out}: trained on {len(recordings)} recordings of {people} people, {falls} falls")


if __name__ == "__main__":
    main()
