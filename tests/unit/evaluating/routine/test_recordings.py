"""A recording is understood whole, or its file and line are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.routine.recordings import people_of, recording_of

T = 1_600_000_000_000


def manifest(folder: Path, *rows: str, head: str = "file,subject,timezone") -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def recording(folder: Path, *rows: str, name: str = "a.csv", head: str = "t_ms,sign") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def test_lines_are_times_and_signs(tmp_path: Path) -> None:
    found = recording_of(recording(tmp_path, f"{T},0", f"{T + 300_000},12.5"))
    assert (found.t.tolist(), found.sign.tolist(), found.only_events) == ([T, T + 300_000], [0.0, 12.5], False)


def test_a_recording_that_never_says_still_is_one_of_events(tmp_path: Path) -> None:
    assert recording_of(recording(tmp_path, f"{T},1", f"{T},1", f"{T + 9},2")).only_events


def test_a_byte_order_mark_empty_lines_other_columns_and_their_order_do_not_matter(tmp_path: Path) -> None:
    path = recording(tmp_path, f"x,3,{T}", "", f"y,0,{T + 1}", head="\ufeffroom, sign ,t_ms")
    assert recording_of(path).sign.tolist() == [3.0, 0.0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("soon,1", "line 3: t_ms 'soon'"),
        ("1600000000,1", "line 3: t_ms '1600000000'"),
        (f"{T - 1},1", "line 3: .*earlier than the line before"),
        (f"{T},-1", "line 3: sign '-1'"),
        (f"{T},nan", "line 3: sign 'nan'"),
        (f"{T},", "line 3: sign ''"),
        (f"{T}", "line 3: 1 values for 2 columns"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=f"a.csv, {said}"):
        recording_of(recording(tmp_path, f"{T},0", row))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"a.csv, line 1: no column sign"):
        recording_of(recording(tmp_path, f"{T},0", head="t_ms,steps"))


@pytest.mark.parametrize("rows", [(), (f"{T},1",), (f"{T},1", f"{T},0")])
def test_a_recording_of_a_single_moment_is_none(tmp_path: Path, rows: tuple[str, ...]) -> None:
    with pytest.raises(EvaluationError, match="two lines at least"):
        recording_of(recording(tmp_path, *rows))


def test_a_folder_stands_for_the_kind_of_sign(tmp_path: Path) -> None:
    for name in ("wrist/a.csv", "wrist/b.csv", "c.csv"):
        recording(tmp_path, f"{T},0", f"{T + 1},1", name=name)
    path = manifest(tmp_path, "wrist/a.csv,ann,UTC", "wrist/b.csv,ben,Asia/Shanghai", "c.csv,cid,UTC")
    people = people_of(path)
    assert [(person.subject, person.folder, person.timezone) for person in people] == [
        ("ann", "wrist", "UTC"),
        ("ben", "wrist", "Asia/Shanghai"),
        ("cid", "", "UTC"),
    ]


def test_files_of_one_subject_are_one_life_in_the_order_of_time(tmp_path: Path) -> None:
    recording(tmp_path, f"{T + 100},0", f"{T + 200},1", name="late.csv")
    recording(tmp_path, f"{T},0", f"{T + 99},1", name="early.csv")
    (person,) = people_of(manifest(tmp_path, "late.csv,ann,UTC", "early.csv,ann,UTC"))
    assert [int(part.t[0]) for part in person.recordings] == [T, T + 100]


def test_nobody_is_recorded_twice_at_one_time(tmp_path: Path) -> None:
    recording(tmp_path, f"{T},0", f"{T + 100},1", name="a.csv")
    recording(tmp_path, f"{T + 100},0", f"{T + 200},1", name="b.csv")
    with pytest.raises(EvaluationError, match=r"manifest.csv, line 3: recordings of ann overlap"):
        people_of(manifest(tmp_path, "a.csv,ann,UTC", "b.csv,ann,UTC"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("gone.csv,ann,UTC", "line 2: there is no file .*gone.csv"),
        ("a.csv,,UTC", "line 2: a file and a subject"),
        ("a.csv,ann,Mars/Olympus", "line 2: 'Mars/Olympus' is no time zone"),
        ("a.csv,ann,", "line 2: '' is no time zone"),
    ],
)
def test_a_manifest_that_cannot_be_is_named_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    recording(tmp_path, f"{T},0", f"{T + 1},1")
    with pytest.raises(EvaluationError, match=f"manifest.csv, {said}"):
        people_of(manifest(tmp_path, row))


def test_a_manifest_without_a_row_is_none(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="names no recording"):
        people_of(manifest(tmp_path))
