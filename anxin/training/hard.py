"""``python -m anxin.training.hard MANIFEST… --out FOLDER``: what a model takes for falls in days without any.

Hours of daily life hold thousands of jolts, of which nearly all teach nothing. Those that the package's model is not
sure of are cut out, with a few others by chance, as recordings of their own and a manifest of them, on which
``scripts/train_falls`` trains beside recordings of falls. Whoever it is measured on must not be among these people.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.fall_model import HORIZONS_MS, PEAK, SCRATCH, WINDOW, probability, weights
from alerts.engine.motion import CELL_MS
from anxin.evaluating.falls.recordings import MANIFEST_COLUMNS, RECORDING_COLUMNS, Recording, recordings_of
from anxin.training.streams import Cells, Rows, jolts_of, stream, windows_at

UNSURE_FROM: Final = 0.12
"""A jolt as probable as this teaches something. Assumption, as the next."""
BY_CHANCE: Final = 0.02
"""So many of the others are taken too."""
APART: Final = WINDOW - PEAK
"""Cells; of jolts nearer to each other one is taken."""
BEFORE_MS: Final = 6_000.0
AFTER_MS: Final = 8_000.0
"""Of the recording so much around the jolt."""


@njit()
def _judged(model: npt.NDArray[np.float32], windows: Cells, known: Rows) -> npt.NDArray[np.float64]:
    found, scratch = np.empty(len(windows)), np.empty(SCRATCH, np.float32)
    for i in range(len(windows)):
        found[i] = probability(model, scratch, windows[i], known[i])
    return found


def cut_out(recording: Recording, chance: np.random.Generator) -> Iterator[Recording]:
    """What the package's model is not sure of in a recording in which nobody falls, and some of the rest."""
    cells = stream(recording.t, recording.samples.astype(np.float64))
    jolts = jolts_of(cells)
    if not jolts:
        return
    surest = np.zeros(len(jolts))
    for horizon in range(len(HORIZONS_MS)):
        windows = [windows_at(cells, jolt, horizon) for jolt in jolts]
        own = _judged(weights(), np.array([each for each, _ in windows]), np.array([known for _, known in windows]))
        surest = np.maximum(surest, own)
    newest = -APART
    for jolt in np.array(jolts)[(surest > UNSURE_FROM) | (chance.random(len(jolts)) < BY_CHANCE)].tolist():
        if jolt - newest < APART:
            continue
        newest = jolt
        at = recording.t[0] + jolt * CELL_MS
        inside = (recording.t >= at - BEFORE_MS) & (recording.t <= at + AFTER_MS)
        name = f"{recording.subject}-{Path(recording.file).stem}-{jolt}.csv"
        t = recording.t[inside]
        yield recording._replace(file=name, t=t - t[0], samples=recording.samples[inside])


@click.command()
@click.argument(
    "manifests", nargs=-1, required=True, metavar="MANIFEST...", type=click.Path(path_type=Path, exists=True)
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where the cuts go.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def main(manifests: tuple[Path, ...], out: Path, seed: int) -> None:
    """Cut what the model is not sure of out of recordings without falls, each MANIFEST a CSV as for train_falls."""
    out.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    lines = [",".join(MANIFEST_COLUMNS)]
    for recording in recordings_of(manifests):
        if recording.is_fall:
            continue
        for cut in cut_out(recording, chance):
            rows = np.column_stack([np.rint(cut.t).astype(np.int64), cut.samples])
            np.savetxt(out / cut.file, rows, "%d", ",", header=",".join(RECORDING_COLUMNS), comments="")
            lines.append(f"{cut.file},{cut.subject},adl,{cut.activity}")
    (out / "manifest.csv").write_text("\n".join(lines) + "\n", "utf-8")
    click.echo(f"{out}: {len(lines) - 1} cuts")


if __name__ == "__main__":
    main()
