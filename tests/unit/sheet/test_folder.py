"""Which sheet is due, and what becomes of the files."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from dashboards.sheet.folder import due_at, forget, name_of, put
from tests.support.promises import june

TWICE = ("07:30", "19:30")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (june(7, 29), june(19, 30, day=9)),
        (june(7, 30), june(7, 30)),
        (june(19, 29), june(7, 30)),
        (june(23), june(19, 30)),
    ],
)
def test_without_a_roster_the_hours_of_the_centres_clock_decide(now: int, due: int) -> None:
    assert due_at(now, [], TWICE, "Asia/Shanghai") == due


def test_the_newest_shift_decides_where_there_are_any() -> None:
    assert due_at(june(9), [june(0), june(8), june(16)], TWICE, "Asia/Shanghai") == june(8)


def test_a_name_tells_site_day_and_hour_by_the_clock_of_the_site() -> None:
    assert name_of("north", june(7, 30), "Asia/Shanghai") == "anxin-sheet_north_2025-06-10_0730.pdf"


def test_a_file_is_readable_by_its_owner_alone_and_so_is_a_folder_that_was_made(tmp_path: Path) -> None:
    path = tmp_path / "sheets" / "a.pdf"
    put(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_disk_that_fills_up_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pdf"
    put(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.pdf"]


def test_sheets_of_days_gone_are_removed_and_other_files_are_not_ours(tmp_path: Path) -> None:
    kept = {"anxin-sheet_north_2025-06-10_0730.pdf", "notes.pdf", "anxin-sheet_north.pdf"}
    gone = {"anxin-sheet_north_2025-05-27_1930.pdf", "anxin-sheet_n_2025-05-27_1930.pdf.0a1b2c3d.part"}
    for name in kept | gone:
        (tmp_path / name).touch()
    assert forget(tmp_path, date(2025, 5, 28)) == 2
    assert {each.name for each in tmp_path.iterdir()} == kept
