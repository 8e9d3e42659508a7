"""``anxin evaluate routine`` over made-up recordings: the engine runs, the contract's names and errors are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from anxin.cli import main
from devices.clock import DAY_MS, MINUTE_MS

T = 1_614_556_800_000
"""2021-03-01 00:00 UTC."""
NAMES = {"subjects", "days", "false_alarms_per_day", "median_detection_h", "p90_detection_h", "missed"}


def restless(days: int, *, rest: tuple[int, ...] = (), seed: int = 1) -> str:
    """Moves in two of three bins by day and in one of ten by night, and not at all on the days ``rest``."""
    t = np.arange(T, T + days * DAY_MS, 5 * MINUTE_MS)
    hour = (t - T) % DAY_MS / (60 * MINUTE_MS)
    chance = np.random.default_rng(seed)
    moves = chance.random(len(t)) < np.where((hour > 7) & (hour < 22), 0.67, 0.1)
    moves &= ~np.isin((t - T) // DAY_MS, rest)
    signs = np.where(moves, chance.integers(1, 400, len(t)), 0)
    return "t_ms,sign\n" + "".join(f"{at},{sign}\n" for at, sign in zip(t.tolist(), signs.tolist(), strict=True))


@pytest.fixture
def evaluated(tmp_path: Path) -> Callable[..., Result]:
    """Evaluate these recordings, named as they are to be."""

    def run(*options: str, timezone: str = "UTC", **recordings: str) -> Result:
        rows = ["file,subject,timezone"]
        for name, text in recordings.items():
            folder, _, subject = name.rpartition("__")
            path = tmp_path / folder / f"{subject}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
            rows.append(f"{path.relative_to(tmp_path)},{subject},{timezone}")
        manifest = tmp_path / "manifest.csv"
        manifest.write_text("\n".join(rows), "utf-8")
        return CliRunner().invoke(main, ["evaluate", "routine", str(manifest), *options])

    return run


def test_the_contracts_names_are_told_of_the_rule_and_of_a_plain_limit(evaluated: Callable[..., Result]) -> None:
    result = evaluated("--json", "--trials", "5", wrist__ann=restless(24), home__ben=restless(16, rest=(9,), seed=2))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) >= NAMES | {"fixed_12h"}
    assert set(found["fixed_12h"]) >= NAMES
    assert (found["subjects"], round(found["days"])) == (2, 40)
    assert set(found["per_folder"]) == {"wrist", "home"}
    assert found["fixed_12h"]["false_alarms_per_day"] == pytest.approx(1 / 40, rel=0.01)
    assert 10 < found["fixed_12h"]["median_detection_h"] <= 12
    assert found["trials"] == 10


def test_whose_signs_end_is_found_sooner_than_by_a_plain_limit_and_ordinary_days_stay_quiet(
    evaluated: Callable[..., Result],
) -> None:
    found = json.loads(evaluated("--json", "--trials", "12", ann=restless(24)).stdout)
    assert (found["false_alarms_per_day"], found["missed"]) == (0.0, 0)
    assert found["median_detection_h"] < found["fixed_12h"]["median_detection_h"] / 2


def test_a_band_that_nobody_wears_for_days_is_no_stillness_of_the_person(evaluated: Callable[..., Result]) -> None:
    header, *rows = restless(24).splitlines()
    worn = [row for row in rows if not 10 <= (int(row.partition(",")[0]) - T) // DAY_MS < 12]
    found = json.loads(evaluated("--json", "--trials", "2", ann="\n".join([header, *worn])).stdout)
    assert (found["false_alarms_per_day"], round(found["days"])) == (0.0, 22)


def test_a_day_of_rest_that_is_recorded_is_an_alarm(evaluated: Callable[..., Result]) -> None:
    found = json.loads(evaluated("--json", "--trials", "2", ann=restless(24, rest=(12,))).stdout)
    assert found["false_alarms"] == found["fixed_12h"]["false_alarms"] == 1


def test_another_parameter_of_the_rule_changes_what_is_found(evaluated: Callable[..., Result]) -> None:
    off = ("--set", "missed_check.inactivity.enabled=0")
    found = json.loads(evaluated("--json", "--trials", "3", *off, ann=restless(24, rest=(12,))).stdout)
    assert (found["false_alarms"], found["missed"], found["median_detection_h"]) == (0, 3, None)
    assert found["parameters"] == {"missed_check.inactivity.enabled": 0.0}


def test_the_same_seed_gives_the_same_figures_and_whoever_else_is_there_changes_nobodys(
    evaluated: Callable[..., Result],
) -> None:
    def of_ann(*options: str, **recordings: str) -> object:
        found = json.loads(evaluated("--json", "--trials", "4", *options, ann=restless(16), **recordings).stdout)
        return [row for row in found["per_subject"] if row["subject"] == "ann"], found["fixed_12h"][
            "median_detection_h"
        ]

    alone = of_ann()
    assert of_ann() == alone
    assert of_ann(ben=restless(16, seed=3))[0] == alone[0]  # type: ignore[index]
    assert of_ann("--seed", "2") != alone


def test_the_table_stands_on_standard_output(evaluated: Callable[..., Result]) -> None:
    result = evaluated("--trials", "2", ann=restless(16))
    assert result.exit_code == 0, result.output
    assert "1 people, 16.0 days; 2 trials" in result.stdout
    assert "hour of the local day" in result.stdout


def test_pictures_are_drawn_into_the_folder_that_is_named(evaluated: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / "new"
    assert evaluated("--trials", "2", "--plot", str(folder), a__ann=restless(16)).exit_code == 0
    drawn = sorted(path.name for path in folder.iterdir())
    assert drawn == ["routine-by-hour.png", "routine-by-kind.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("t_ms,sign\n1614556800000,0\n1614557100000,x\n", (), "ann.csv, line 3: sign 'x'"),
        (restless(1), ("--set", "missed_check.silent.no_such=1"), "no_such"),
    ],
)
def test_what_cannot_be_evaluated_is_named_without_a_trace(
    evaluated: Callable[..., Result], text: str, options: tuple[str, ...], said: str
) -> None:
    result = evaluated(*options, ann=text)
    assert result.exit_code == 1
    assert said in result.stderr
    assert "Traceback" not in result.output
