"""What is cut out of daily life to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from anxin.evaluating.falls.recordings import Recording, recordings_of
from anxin.training import hard
from simulator.motion import daily, fall, joined


def test_what_looks_like_a_fall_is_cut_out_and_a_quiet_walk_is_not(tmp_path: Path) -> None:
    a_day = joined(daily(1, "walking", after_s=60.0), fall(3), daily(2, "resting", after_s=60.0))
    assert a_day.jolt_ms is not None
    rows = np.column_stack([a_day.t_ms, a_day.samples_mg])
    np.savetxt(tmp_path / "day.csv", rows, "%d", ",", header="t_ms,x_mg,y_mg,z_mg", comments="")
    (tmp_path / "manifest.csv").write_text("file,subject,label,activity\nday.csv,ann,adl,day\n")
    done = CliRunner().invoke(hard.main, [str(tmp_path / "manifest.csv"), "--out", str(tmp_path / "cuts")])
    assert done.exit_code == 0, done.output
    cuts = recordings_of([tmp_path / "cuts" / "manifest.csv"])
    assert cuts
    assert {(cut.subject, cut.is_fall, cut.activity) for cut in cuts} == {("ann", False, "day")}
    strongest = max(cuts, key=lambda cut: int((cut.samples.astype(np.int64) ** 2).sum(axis=1).max()))
    assert hard.BEFORE_MS <= strongest.t[-1] <= hard.BEFORE_MS + hard.AFTER_MS
    assert (a_day.samples_mg.astype(np.int64) ** 2).sum(axis=1).max() == (strongest.samples.astype(np.int64) ** 2).sum(
        axis=1
    ).max()


def test_nothing_is_cut_out_of_stillness() -> None:
    still = daily(1, "resting")
    t = still.t_ms.astype(np.float64)
    recording = Recording("a.csv", "ann", False, "resting", "", "set", t, still.samples_mg)
    assert list(hard.cut_out(recording, np.random.default_rng(1))) == []
