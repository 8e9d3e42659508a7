"""Folders of compiled kernels: old ones go, those that somebody may use stay."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anxin.jit_cache import KEPT, prune
from tests.unit.engine.test_compiled_and_plain import PRINT_FOLDER, in_a_fresh_process

HOUR_S = 3600
NOW_S = 1_750_000_000


def folders(base: Path, count: int) -> list[Path]:
    """So many folders with a compiled kernel each, the first the newest, ten hours between them."""
    made = []
    for age in range(count):
        folder = base / f"{age:020x}"
        kernel = folder / "engine" / "kernel.nbi"
        kernel.parent.mkdir(parents=True)
        kernel.write_bytes(b"compiled")
        changed = NOW_S - age * 10 * HOUR_S
        os.utime(folder, (changed, changed))
        made.append(folder)
    return made


def standing(base: Path) -> set[Path]:
    return set(base.iterdir())


def test_the_newest_stay_and_the_others_go(tmp_path: Path) -> None:
    made = folders(tmp_path, 6)
    prune(made[0])
    assert standing(tmp_path) == set(made[:KEPT])
    assert all((folder / "engine" / "kernel.nbi").is_file() for folder in made[:KEPT])


def test_the_current_one_stays_and_counts_as_the_newest(tmp_path: Path) -> None:
    made = folders(tmp_path, 6)
    prune(made[5])
    assert standing(tmp_path) == {made[5], made[0], made[1]}
    prune(made[0])
    assert standing(tmp_path) == {made[5], made[0], made[1]}


def test_one_that_somebody_may_be_filling_stays(tmp_path: Path) -> None:
    made = folders(tmp_path, 6)
    for folder in made:
        os.utime(folder)
    prune(made[0])
    assert standing(tmp_path) == set(made)


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    made = folders(tmp_path, 5)
    foreign = [tmp_path / "notes", tmp_path / "0123456789abcdef0123.bak", tmp_path / ("0" * 21)]
    for folder in foreign:
        folder.mkdir()
        os.utime(folder, (1, 1))
    prune(made[0])
    assert standing(tmp_path) == {*made[:KEPT], *foreign}


def test_a_removal_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    made = folders(tmp_path, 1)
    (tmp_path / f"{9:020x}.gone-4711" / "engine").mkdir(parents=True)
    prune(made[0])
    assert standing(tmp_path) == set(made)


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    base, elsewhere = tmp_path / "jit", tmp_path / "elsewhere"
    made = folders(base, 4)
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("stays")
    os.utime(elsewhere, (1, 1))
    (base / f"{99:020x}").symlink_to(elsewhere)
    prune(made[0])
    assert (elsewhere / "precious").read_text() == "stays"
    assert set(made[:KEPT]) <= standing(base)


def test_many_at_once_do_each_other_no_harm(tmp_path: Path) -> None:
    made = folders(tmp_path, 30)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(prune, [made[0]] * 24))
    assert standing(tmp_path) == set(made[:KEPT])


@pytest.mark.parametrize("missing", ["gone/0", "0"])
def test_a_folder_that_is_not_there_is_no_failure(tmp_path: Path, missing: str) -> None:
    prune(tmp_path / missing)


def test_configuring_clears_away_what_is_old(tmp_path: Path) -> None:
    made = folders(tmp_path, 6)
    current = Path(in_a_fresh_process(PRINT_FOLDER, str(tmp_path)))
    assert standing(tmp_path) == {current, made[0], made[1]}
