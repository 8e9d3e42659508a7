"""A walk is understood whole, or its file and line are named."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.wandering.recordings import fixes_of, people_of

T = 1_600_000_000_000
HEAD = "file,subject,label,home_lat,home_lon,zone_radius_m"


def manifest(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def recording(folder: Path, *rows: str, name: str = "a.csv", head: str = "t_ms,lat,lon,accuracy_m") -> Path:
    path = folder / name
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def test_lines_are_times_places_and_accuracies(tmp_path: Path) -> None:
    found = fixes_of(recording(tmp_path, f"{T},31.2,121.4,10", f"{T + 9000},-31.2,-121.4,"))
    assert (found.t.tolist(), found.lat.tolist(), found.lon.tolist()) == ([T, T + 9000], [31.2, -31.2], [121.4, -121.4])
    assert found.accuracy_m[0] == 10
    assert isnan(found.accuracy_m[1])
    assert found.source.tolist() == [-1, -1]


def test_accuracy_may_be_no_column_and_the_source_one_more(tmp_path: Path) -> None:
    found = fixes_of(recording(tmp_path, f"{T},31.2,121.4,wifi", head="t_ms,lat,lon,source"))
    assert isnan(found.accuracy_m[0])
    assert found.source.tolist() == [1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("soon,31,121,9", "line 3: t_ms 'soon'"),
        ("1600000000,31,121,9", "line 3: t_ms '1600000000'"),
        (f"{T - 1},31,121,9", "line 3: .*earlier than the line before"),
        (f"{T},91,121,9", "line 3: lat '91'"),
        (f"{T},31,181,9", "line 3: lon '181'"),
        (f"{T},31,,9", "line 3: lon ''"),
        (f"{T},31,121,-1", "line 3: accuracy_m '-1'"),
        (f"{T},31,121,nan", "line 3: accuracy_m 'nan'"),
        (f"{T},31,121", "line 3: 3 values for 4 columns"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=f"a.csv, {said}"):
        fixes_of(recording(tmp_path, f"{T},31,121,9", row))


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="line 2: source 'sonar' is none of gnss, wifi, cell"):
        fixes_of(recording(tmp_path, f"{T},31,121,sonar", head="t_ms,lat,lon,source"))


def test_a_recording_without_a_fix_is_none(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="one fix at least"):
        fixes_of(recording(tmp_path))


def test_the_walks_of_a_person_come_in_order_of_time_whatever_the_manifests(tmp_path: Path) -> None:
    recording(tmp_path, f"{T + 5000},31,121,9", name="b.csv")
    recording(tmp_path, f"{T},31,121,9", f"{T + 4000},31,121,9", name="a.csv")
    head = f"{HEAD},onset_t_ms,timezone,activity"
    path = manifest(
        tmp_path,
        "b.csv,ann,ordinary,31,121,,,Asia/Shanghai,market",
        f"a.csv,ann,wandering,31,121,500,{T + 4000},Asia/Shanghai,",
        head=head,
    )
    (ann,) = people_of(path)
    assert (ann.subject, ann.timezone) == ("ann", "Asia/Shanghai")
    assert [(walk.file, walk.activity, walk.is_stray, walk.onset_ms) for walk in ann.walks] == [
        ("a.csv", "wandering", True, T + 4000),
        ("b.csv", "market", False, None),
    ]
    assert [walk.home.zone_radius_m for walk in ann.walks] == [500, None]


def test_without_the_column_no_time_zone_is_known(tmp_path: Path) -> None:
    recording(tmp_path, f"{T},31,121,9")
    assert people_of(manifest(tmp_path, "a.csv,ann,ordinary,31,121,500"))[0].timezone == ""


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.csv,ann,lost,31,121,500,,", "line 2: label 'lost' is neither"),
        (",ann,ordinary,31,121,500,,", "line 2: a file and a subject"),
        ("none.csv,ann,ordinary,31,121,500,,", "line 2: there is no file"),
        ("a.csv,ann,ordinary,north,121,500,,", "line 2: home 'north', '121'"),
        ("a.csv,ann,ordinary,31,121,0,,", "line 2: zone_radius_m '0'"),
        ("a.csv,ann,ordinary,31,121,wide,,", "line 2: zone_radius_m 'wide'"),
        ("a.csv,ann,ordinary,31,121,500,1,", "line 2: an ordinary walk has no onset"),
        ("a.csv,ann,wandering,31,121,500,1,", "line 2: onset_t_ms '1' does not lie within"),
        ("a.csv,ann,ordinary,31,121,500,,Nowhere/At", "line 2: 'Nowhere/At' is no time zone"),
    ],
)
def test_a_row_of_the_manifest_that_cannot_be_is_named(tmp_path: Path, row: str, said: str) -> None:
    recording(tmp_path, f"{T},31,121,9")
    with pytest.raises(EvaluationError, match=said):
        people_of(manifest(tmp_path, row, head=f"{HEAD},onset_t_ms,timezone"))


def test_a_person_is_in_one_time_zone(tmp_path: Path) -> None:
    recording(tmp_path, f"{T},31,121,9")
    recording(tmp_path, f"{T + 9},31,121,9", name="b.csv")
    rows = ("a.csv,ann,ordinary,31,121,,UTC", "b.csv,ann,ordinary,31,121,,Asia/Shanghai")
    with pytest.raises(EvaluationError, match="line 3: ann has been in 'UTC' before"):
        people_of(manifest(tmp_path, *rows, head=f"{HEAD},timezone"))


def test_walks_of_a_person_never_overlap_and_no_file_is_named_twice(tmp_path: Path) -> None:
    recording(tmp_path, f"{T},31,121,9", f"{T + 9},31,121,9")
    recording(tmp_path, f"{T + 9},31,121,9", name="b.csv")
    with pytest.raises(EvaluationError, match=r"a.csv and b.csv, both of ann, overlap"):
        people_of(manifest(tmp_path, "a.csv,ann,ordinary,31,121,", "b.csv,ann,ordinary,31,121,"))
    with pytest.raises(EvaluationError, match=r"line 3: .*a.csv is named before, on line 2"):
        people_of(manifest(tmp_path, "a.csv,ann,ordinary,31,121,", "a.csv,ben,ordinary,31,121,"))


def test_a_manifest_of_nothing_is_none(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="names no recording"):
        people_of(manifest(tmp_path))
