"""``anxin evaluate falls`` over invented movements: the engine runs, the contract's names and errors are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from alerts.engine import fall_model
from anxin.cli import main
from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.alterations import Alterations
from anxin.evaluating.falls.evaluation import Source, evaluate
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.run import WAIT_MS, Heard, Told, Weights, heard
from simulator.motion import daily, fall
from simulator.wrist import Motion

NAMES = {
    "files", "tp", "fn", "tn", "fp", "sensitivity", "specificity", "f1", "false_alarms_per_day", "median_delay_s",
    "per_activity",
}  # fmt: skip
SENSITIVE = {"fall.motion.working_point": 0.0}


def recording(motion: Motion, subject: str, activity: str, *, is_fall: bool) -> Recording:
    t = motion.t_ms.astype(np.float64)
    return Recording(f"{subject}-{activity}.csv", subject, is_fall, activity, "", "", t, motion.samples_mg)


def some_of_all(people: int = 6) -> list[Recording]:
    found: list[Recording] = []
    for i in range(people):
        found.append(recording(fall(i, "forward"), f"p{i}", "forward", is_fall=True))
        found.append(recording(fall(i, "sideways"), f"p{i}", "sideways", is_fall=True))
        found.append(recording(daily(i, "walking"), f"p{i}", "walking", is_fall=False))
        found.append(recording(daily(i, "resting"), f"p{i}", "resting", is_fall=False))
    return found


def nothing(_done: int, _total: int) -> None:
    """Hears no progress."""


def hear(some: Sequence[Recording], window_ms: int = 1000) -> list[Heard]:
    return heard(some, weights=None, parameters=SENSITIVE, told_of=nothing, window_ms=window_ms)


def written(folder: Path, some: Sequence[Recording], name: str = "manifest.csv") -> Path:
    rows = ["file,subject,label,activity"]
    for one in some:
        values = np.column_stack([one.t, one.samples]).astype(np.int64).tolist()
        text = "".join(f"{t},{x},{y},{z}\n" for t, x, y, z in values)
        (folder / one.file).write_text("t_ms,x_mg,y_mg,z_mg\n" + text, "utf-8")
        rows.append(f"{one.file},{one.subject},{'fall' if one.is_fall else 'adl'},{one.activity}")
    path = folder / name
    path.write_text("\n".join(rows), "utf-8")
    return path


@pytest.fixture
def evaluated(tmp_path: Path) -> Callable[..., Result]:
    """Evaluate these recordings with these options."""

    def run(*options: str, some: Sequence[Recording]) -> Result:
        return CliRunner().invoke(main, ["evaluate", "falls", str(written(tmp_path, some)), *options])

    return run


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_contracts_names_are_told_and_every_recording_is_counted_once(evaluated: Callable[..., Result]) -> None:
    found = told(evaluated("--json", some=some_of_all()))
    assert set(found) >= NAMES
    assert (found["files"], found["subjects"]) == (24, 6)
    assert (found["tp"] + found["fn"], found["tn"] + found["fp"]) == (12, 12)
    assert {name: row["files"] for name, row in found["per_activity"].items()} == dict.fromkeys(
        ("forward", "sideways", "walking", "resting"), 6
    )


def test_falls_are_found_soon_after_the_jolt_and_rest_is_left_alone() -> None:
    some = some_of_all()
    for one, said in zip(some, hear(some), strict=True):
        assert one.is_fall or not said.alarms, one.file
    falls = [(one, said.alarms[0]) for one, said in zip(some, hear(some), strict=True) if said.alarms]
    assert len(falls) >= 9
    for one, alarm in falls:
        jolt = float(one.t[np.argmax(np.linalg.norm(one.samples.astype(float), axis=1))])
        assert jolt < alarm.raised_ms <= jolt + 10_000, one.file
        assert abs(alarm.jolt_ms - jolt) < 1500, one.file


def test_how_sure_the_engine_was_is_told_of_what_raised_no_alarm_too() -> None:
    some = [recording(daily(i, "stumbling"), f"p{i}", "stumbling", is_fall=False) for i in range(6)]
    said = hear(some)
    assert any(-0.5 < one.surest < 1 and not one.alarms for one in said)
    rest = hear([recording(daily(1, "resting"), "ann", "resting", is_fall=False)])
    assert rest == [Heard((), -1.0)]


def test_however_much_a_band_sends_at_a_time_the_same_falls_are_found() -> None:
    some = some_of_all(3)
    for one, other in zip(hear(some), hear(some, 3000), strict=True):
        assert [alarm.jolt_ms for alarm in one.alarms] == [alarm.jolt_ms for alarm in other.alarms]
        assert one.surest == pytest.approx(other.surest, abs=1e-6)


def test_nobodys_recording_changes_what_is_heard_of_anothers() -> None:
    some = some_of_all(3)
    together = hear(some)
    assert [hear([one])[0] for one in some] == together
    assert hear(some[::-1]) == together[::-1]


def test_a_fall_that_ends_the_recording_is_waited_for() -> None:
    broken = [recording(fall(i, "forward", after_s=2.5), f"p{i}", "forward", is_fall=True) for i in range(6)]
    said = hear(broken)
    assert sum(bool(one.alarms) for one in said) >= 3
    for one, whose in zip(said, broken, strict=True):
        assert all(alarm.raised_ms <= whose.t[-1] + 40 + WAIT_MS for alarm in one.alarms)


def test_a_working_point_is_everyones_and_is_told(evaluated: Callable[..., Result]) -> None:
    points = [
        told(evaluated("--json", "--working-point", name, some=some_of_all(2))) for name in ("sensitive", "quiet")
    ]
    assert [found["parameters"] for found in points] == [{"fall.motion.working_point": float(at)} for at in (0, 2)]
    assert points[0]["tp"] >= points[1]["tp"]


def test_what_is_done_to_recordings_is_told_and_changes_what_is_heard(evaluated: Callable[..., Result]) -> None:
    options = ("--turn", "3", "--clip-mg", "2000", "--rate", "20", "--lose", "0.2")
    found = told(evaluated("--json", *options, some=some_of_all(2)))
    assert found["alterations"] == {"turn": 3, "clip_mg": 2000, "rate": 20, "lose": 0.2}
    nearly_all = told(evaluated("--json", "--lose", "0.95", some=some_of_all(2)))
    assert nearly_all["tp"] < 4


class Spy:
    """A training that returns the package's weights and remembers on whom it was trained."""

    def __init__(self) -> None:
        self.trained_on: list[set[str]] = []

    def __call__(self, recordings: Sequence[Recording], *, seed: int, progress: Told) -> Weights:
        assert seed == 7
        self.trained_on.append({one.subject for one in recordings})
        progress(1, 1)
        return fall_model.weights()


def test_folds_judge_everybody_once_by_a_model_that_has_not_seen_them() -> None:
    some = some_of_all(5)
    spy = Spy()
    steps: list[tuple[int, int]] = []
    by_folds, judged = evaluate(
        some, source=Source(folds=3), alterations=Alterations(), parameters=SENSITIVE, seed=7,
        told_of=lambda done, total: steps.append((done, total)), train=spy,
    )  # fmt: skip
    everybody = {one.subject for one in some}
    left_out = [everybody - trained_on for trained_on in spy.trained_on]
    assert sorted(subject for fold in left_out for subject in fold) == sorted(everybody)
    assert [one.recording for one in judged] == some
    assert [one.heard for one in judged] == hear(some)
    assert "3 times" in by_folds.model
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


def test_folds_train_on_other_recordings_too_without_whom_they_judge() -> None:
    spy = Spy()
    some = some_of_all(4)
    evaluate(
        some[:8], source=Source(folds=2, trained_on=some[12:]), alterations=Alterations(), parameters={}, seed=7,
        told_of=nothing, train=spy,
    )  # fmt: skip
    assert sorted(map(sorted, spy.trained_on)) == [["p0", "p3"], ["p1", "p3"]]


def test_whoever_is_judged_is_left_out_of_other_recordings_too() -> None:
    spy = Spy()
    some = some_of_all(4)
    evaluate(
        some[:4], source=Source(trained_on=some), alterations=Alterations(), parameters={}, seed=7, told_of=nothing,
        train=spy,
    )  # fmt: skip
    assert spy.trained_on == [{"p1", "p2", "p3"}]
    with pytest.raises(EvaluationError, match="without the people judged"):
        evaluate(
            some, source=Source(trained_on=some), alterations=Alterations(), parameters={}, seed=7, told_of=nothing,
            train=spy,
        )  # fmt: skip


def test_the_tables_stand_on_standard_output(evaluated: Callable[..., Result]) -> None:
    result = evaluated(some=some_of_all(2))
    assert result.exit_code == 0, result.output
    for words in ("8 recordings of 2 people", "sensitivity", "by activity", "by subject", "forward"):
        assert words in result.stdout


def test_ages_are_told_apart(evaluated: Callable[..., Result], tmp_path: Path) -> None:
    ages = tmp_path / "ages.csv"
    ages.write_text("subject,age\np0,77-95\np1,30\n", "utf-8")
    found = told(evaluated("--json", "--ages", str(ages), some=some_of_all(2)))
    assert {name: row["files"] for name, row in found["per_age"].items()} == {"under 60": 4, "75 and over": 4}


def test_pictures_are_drawn_into_the_folder_that_is_named(evaluated: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / "new"
    # Labels turned round, so that there is something to show of both kinds of mistake.
    wrong = [one._replace(is_fall=not one.is_fall) for one in some_of_all(3)]
    result = evaluated("--working-point", "sensitive", "--plot", str(folder), some=wrong)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == [
        "falls-by-activity.png", "falls-false.png", "falls-missed.png", "falls-roc.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--set", "fall.motion.no_such=1"), "no_such"),
        (("--folds", "9"), "2 people cannot be left out in 9 folds"),
        (("--weights", "no-model.npy"), "no-model.npy"),
    ],
)
def test_what_cannot_be_evaluated_is_named_without_a_trace(
    evaluated: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...],
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no-model.npy").write_bytes(b"nothing")
    result = evaluated(*options, some=some_of_all(2))
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_bad_line_is_named_by_its_file(evaluated: Callable[..., Result], tmp_path: Path) -> None:
    some = some_of_all(1)
    manifest = written(tmp_path, some)
    with (tmp_path / some[2].file).open("a", encoding="utf-8") as file:
        file.write("99999,1,x,3\n")
    result = CliRunner().invoke(main, ["evaluate", "falls", str(manifest)])
    assert result.exit_code == 1
    assert f"{some[2].file}, line {len(some[2].t) + 2}: y_mg 'x' is no number" in result.stderr


@pytest.mark.parametrize(
    "options", [("--folds", "2", "--weights", "manifest.csv"), ("--models", "x"), ("--clip-mg", "100")]
)
def test_options_that_make_no_sense_are_refused(
    evaluated: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert evaluated(*options, some=some_of_all(2)).exit_code == 2


def test_training_that_is_not_installed_is_told(
    evaluated: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anxin.training.falls", None)
    result = evaluated("--folds", "2", some=some_of_all(2))
    assert result.exit_code == 1
    assert "pip install 'anxin[train]'" in result.stderr
