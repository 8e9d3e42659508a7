"""``anxin evaluate wandering`` over made-up walks: the engine runs, the contract's names and errors are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result

from anxin.cli import main
from devices.clock import DAY_MS, HOUR_MS

T = 1_614_556_800_000
"""2021-03-01 00:00 UTC, 08:00 in Shanghai."""
HOME = (31.2, 121.4)
METRES = 111_195.0
NAMES = {
    "files", "tp", "fn", "tn", "fp", "sensitivity", "specificity", "f1", "false_alarms_per_day", "median_delay_s",
    "per_activity",
}  # fmt: skip
MARKET = ((0, 0), (0, 420), (300, 420), (300, 600))
"""Corners of the way to the market, metres east and north of home."""
ASTRAY = ((0, 0), (0, 420), (-900, 420))
"""At the corner of that way they turn the other way, and leave a zone of 700 m."""

Corners = tuple[tuple[float, float], ...]


def walked(corners: Corners, begins: int, *, seed: int, pace_mps: float = 1.0) -> tuple[str, npt.NDArray[np.float64]]:
    """A walk along these corners, a fix every 15 s and 4 m off; its lines, and when each corner is reached, ms."""
    ways = np.array(corners, np.float64)
    reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ways, axis=0).T))]) / pace_mps
    seconds = np.arange(0.0, reached[-1], 15.0)
    chance = np.random.default_rng(seed)
    east = np.interp(seconds, reached, ways[:, 0]) + chance.normal(0, 4, len(seconds))
    north = np.interp(seconds, reached, ways[:, 1]) + chance.normal(0, 4, len(seconds))
    lat, lon = HOME[0] + north / METRES, HOME[1] + east / METRES / np.cos(np.radians(HOME[0]))
    rows = zip((begins + seconds * 1000).astype(np.int64).tolist(), lat.tolist(), lon.tolist(), strict=True)
    text = "t_ms,lat,lon,accuracy_m\n" + "".join(f"{t},{a:.6f},{o:.6f},8\n" for t, a, o in rows)
    return text, begins + reached * 1000


def there_and_back(way: Corners) -> Corners:
    return way + way[-2::-1]


@pytest.fixture
def evaluated(tmp_path: Path) -> Callable[..., Result]:
    """Evaluate so many mornings of going to the market, and then as told one morning astray and one more."""

    def run(*options: str, days: int = 3, astray: bool = True, radius: int | str = 700, zone: str = "") -> Result:
        rows = [f"file,subject,label,home_lat,home_lon,zone_radius_m,onset_t_ms{',timezone' if zone else ''}"]
        for day in range(days + 2 * astray):
            is_astray = astray and day == days
            way = ASTRAY if is_astray else there_and_back(MARKET)
            text, reached = walked(way, T + day * DAY_MS + HOUR_MS, seed=day)
            (tmp_path / f"{day}.csv").write_text(text, "utf-8")
            label, onset = ("wandering", str(int(reached[1]))) if is_astray else ("ordinary", "")
            more = f",{zone}" if zone else ""
            rows.append(f"{day}.csv,ann,{label},{HOME[0]},{HOME[1]},{radius},{onset}{more}")
        manifest = tmp_path / "manifest.csv"
        manifest.write_text("\n".join(rows) + "\n", "utf-8")
        return CliRunner().invoke(main, ["evaluate", "wandering", str(manifest), *options])

    return run


def test_the_contracts_names_are_told_and_each_rule_has_its_row(evaluated: Callable[..., Result]) -> None:
    result = evaluated("--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) >= NAMES
    assert set(found["per_rule"]) == {f"wandering.{name}" for name in ("zone_exit", "night_exit", "pattern", "lost")}
    assert (found["files"], found["subjects"], found["days"]) == (5, 1, 5)


def test_who_leaves_the_zone_is_found_and_going_to_the_market_alarms_nobody(evaluated: Callable[..., Result]) -> None:
    found = json.loads(evaluated("--json", "--rules", "zone_exit").stdout)
    assert (found["tp"], found["fn"], found["tn"], found["fp"]) == (1, 0, 4, 0)
    (alarm,) = found["alarms"]
    assert (alarm["file"], alarm["rule"], alarm["is_false"]) == ("3.csv", "wandering.zone_exit", False)
    # 560 m west of the corner lies the zone's edge, at 1 m/s.
    assert 560 < found["median_delay_s"] == alarm["after_s"] < 900


def test_an_alarm_carries_over_to_the_next_walk_and_ends_there_unless_each_walk_stands_alone(
    evaluated: Callable[..., Result],
    tmp_path: Path,
) -> None:
    evaluated("--json")
    manifest = tmp_path / "manifest.csv"
    (tmp_path / "4.csv").write_text(walked(((-900, 420), (-1200, 420)), T + 4 * DAY_MS, seed=1)[0], "utf-8")

    def run(*options: str) -> dict[str, object]:
        told = ["evaluate", "wandering", str(manifest), "--json", "--rules", "zone_exit", *options]
        found: dict[str, object] = json.loads(CliRunner().invoke(main, told).stdout)
        return found

    whole, alone = run(), run("--independent")
    assert (whole["fp"], whole["stood_through"], whole["false_alarms"]) == (1, 1, 0)
    assert (alone["fp"], alone["stood_through"], alone["false_alarms"]) == (1, 0, 1)


def test_who_leaves_a_way_that_they_always_walk_is_found_without_a_zone_and_only_once_it_is_known(
    evaluated: Callable[..., Result],
) -> None:
    found = json.loads(evaluated("--json", "--rules", "lost", days=12, radius="").stdout)
    assert (found["tp"], found["fp"]) == (1, 0)
    assert 120 <= found["median_delay_s"] < 300
    assert 0 < found["ways_unknown"] < 12
    alone = json.loads(evaluated("--json", "--rules", "lost", "--independent", days=12, radius="").stdout)
    assert (alone["tp"], alone["fp"], alone["ways_unknown"]) == (0, 0, 14)


def test_without_a_zone_nobody_leaves_one(evaluated: Callable[..., Result]) -> None:
    found = json.loads(evaluated("--json", "--rules", "zone_exit", radius="").stdout)
    assert (found["tp"], found["fn"], found["alarms"]) == (0, 1, [])


def test_another_parameter_of_the_rule_changes_what_is_found(evaluated: Callable[..., Result]) -> None:
    off = ("--set", "wandering.zone_exit.enabled=0", "--rules", "zone_exit")
    found = json.loads(evaluated("--json", *off).stdout)
    assert found["alarms"] == []
    assert found["parameters"] == {"wandering.zone_exit.enabled": 0.0}


def test_the_rules_that_were_not_asked_for_judge_nobody(evaluated: Callable[..., Result]) -> None:
    found = json.loads(evaluated("--json", "--rules", "lost,night_exit", zone="Asia/Shanghai").stdout)
    assert found["per_rule"]["wandering.zone_exit"]["judged"] == 0
    assert "wandering.zone_exit" not in {alarm["rule"] for alarm in found["alarms"]}


def test_nobody_is_judged_by_a_night_that_is_not_known(evaluated: Callable[..., Result]) -> None:
    result = evaluated("--rules", "night_exit")
    assert "no time zone is told of 1 people: wandering.night_exit does not judge them" in result.stdout
    assert "judged nobody" in result.stdout
    found = json.loads(evaluated("--json", "--rules", "night_exit", zone="Asia/Shanghai").stdout)
    assert found["without_timezone"] == 0
    assert found["alarms"] == []


def test_the_table_stands_on_standard_output(evaluated: Callable[..., Result]) -> None:
    result = evaluated()
    assert result.exit_code == 0, result.output
    assert "5 walks of 1 people on 5 days" in result.stdout
    assert "1 of 1 walks astray found" in result.stdout


def test_pictures_are_drawn_into_the_folder_that_is_named(evaluated: Callable[..., Result], tmp_path: Path) -> None:
    folder = tmp_path / "pictures" / "new"
    result = evaluated("--plot", str(folder))
    assert result.exit_code == 0, result.output
    drawn = sorted(path.name for path in folder.iterdir())
    assert drawn == ["wandering-astray.png", "wandering-people.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--rules", "zone"), 2, "--rules zone is none of zone_exit, night_exit, pattern, lost"),
        (("--set", "wandering.zone_exit.no_such=1"), 1, "no_such"),
    ],
)
def test_what_cannot_be_asked_is_named_without_a_trace(
    evaluated: Callable[..., Result], options: tuple[str, ...], code: int, said: str
) -> None:
    result = evaluated(*options)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_what_cannot_be_evaluated_is_named_without_a_trace(evaluated: Callable[..., Result], tmp_path: Path) -> None:
    evaluated("--json")
    (tmp_path / "0.csv").write_text("t_ms,lat,lon,accuracy_m\n1614556800000,31,east,5\n", "utf-8")
    result = CliRunner().invoke(main, ["evaluate", "wandering", str(tmp_path / "manifest.csv")])
    assert result.exit_code == 1
    assert "0.csv, line 2: lon 'east'" in result.stderr
    assert "Traceback" not in result.output
