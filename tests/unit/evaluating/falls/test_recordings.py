"""A recording is understood whole, or its file and line are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.recordings import recorded, recordings_of

ROWS = ("0,0,0,1000", "40,100,-200,900", "80,0,0,1000")


def recording(folder: Path, *rows: str, name: str = "a.csv", head: str = "t_ms,x_mg,y_mg,z_mg") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def manifest(folder: Path, *rows: str, head: str = "file,subject,label,activity", name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def test_times_count_from_the_first_and_samples_are_milli_g(tmp_path: Path) -> None:
    t, samples = recorded(recording(tmp_path, "1700000000000,1,2,1000", "1700000000050,-3.4,4.6,1000"))
    assert t.tolist() == [0, 50]
    assert samples.tolist() == [[1, 2, 1000], [-3, 5, 1000]]


def test_columns_are_found_by_name_and_empty_lines_passed_over(tmp_path: Path) -> None:
    path = recording(tmp_path, "0,1,2,1000,x", "", "40,3,4,1000,x", head="t_ms,y_mg,x_mg,z_mg,note")
    assert recorded(path)[1].tolist() == [[2, 1, 1000], [4, 3, 1000]]


def test_a_recording_lasts_until_its_last_sample_is_over(tmp_path: Path) -> None:
    recording(tmp_path, *ROWS)
    (one,) = recordings_of([manifest(tmp_path, "a.csv,ann,adl,walking")])
    assert one.seconds == pytest.approx(0.12)
    assert (one.subject, one.is_fall, one.activity, one.age, one.folder) == ("ann", False, "walking", "", tmp_path.name)


def test_an_age_is_the_manifests_or_that_of_the_file_of_ages_which_counts_more(tmp_path: Path) -> None:
    recording(tmp_path, *ROWS)
    recording(tmp_path, *ROWS, name="b.csv")
    head = "file,subject,label,activity,age"
    one = manifest(tmp_path, "a.csv,ann,fall,slip,77", "b.csv,ben,adl,sit,30", head=head)
    assert [each.age for each in recordings_of([one])] == ["77", "30"]
    ages = manifest(tmp_path, "ann,77-95", head="subject,age", name="ages.csv")
    assert [each.age for each in recordings_of([one], ages)] == ["77-95", "30"]


def test_several_manifests_are_read_in_their_order_and_told_apart_by_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        recording(tmp_path / name, *ROWS)
        manifest(tmp_path / name, f"a.csv,{name},fall,slip")
    found = recordings_of([tmp_path / "two" / "manifest.csv", tmp_path / "one" / "manifest.csv"])
    assert [(each.folder, each.subject) for each in found] == [("two", "two"), ("one", "one")]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("0,0,0,1000", "", "40,0,x,1000"), r"a\.csv, line 4: y_mg 'x' is no number"),
        (("0,0,0,1000", "40,0,nan,1000"), r"line 3: y_mg 'nan' is no number"),
        (("0,0,0,1000", "40,0,1000"), r"line 3: 3 values for 4 columns"),
        (("0,0,0,1000", "", "40,0,0,1000", "20,0,0,1000"), r"line 5: t_ms 20 is earlier than the line before"),
        (("0,0,0,1000", "40,0,0,32768"), r"line 3: z_mg 32768 is beyond 32767 mg"),
        (("0,0,0,1000",), r"a\.csv: a recording needs two lines"),
        ((), r"a\.csv: a recording needs two lines"),
        (("7,0,0,1000", "7,0,0,1000"), r"a\.csv: a recording needs two lines at least, of different times"),
        (("0,0,0,1000", "0.04,0,0,1000"), r"a\.csv: 2\.5e\+04 samples a second .* t_ms counts milliseconds"),
        (("0,0,0,1", "40,0,0,1"), r"a\.csv: the median of \|a\| is 1, .* is this g"),
    ],
)
def test_what_is_wrong_in_a_recording_is_named_by_file_and_line(
    tmp_path: Path, rows: tuple[str, ...], said: str
) -> None:
    with pytest.raises(EvaluationError, match=said):
        recorded(recording(tmp_path, *rows))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"a\.csv, line 1: no column y_mg"):
        recorded(recording(tmp_path, "0,1,1", head="t_ms,x_mg,z_mg"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a.csv,ann,Fall,slip", r"line 2: label 'Fall' is neither fall nor adl"),
        ("a.csv,,fall,slip", r"line 2: a file and a subject"),
        ("b.csv,ann,fall,slip", r"line 2: there is no file .*b\.csv"),
        ("a.csv,ann,fall", r"line 2: 3 values for 4"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_named_by_line(tmp_path: Path, row: str, said: str) -> None:
    recording(tmp_path, *ROWS)
    with pytest.raises(EvaluationError, match=said):
        recordings_of([manifest(tmp_path, row)])


def test_a_file_counts_once(tmp_path: Path) -> None:
    recording(tmp_path, *ROWS)
    with pytest.raises(EvaluationError, match=r"line 3: .*a\.csv is named before, in .*line 2"):
        recordings_of([manifest(tmp_path, "a.csv,ann,fall,slip", "./a.csv,ben,fall,slip")])


def test_a_manifest_names_a_recording_at_least(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="names no recording"):
        recordings_of([manifest(tmp_path)])


@pytest.mark.parametrize(
    ("row", "said"),
    [("ann,old", r"ages\.csv, line 2: age 'old'"), ("ann,77-", "age '77-'"), ("eve,77", "nobody whom the manifests")],
)
def test_ages_are_years_of_somebody(tmp_path: Path, row: str, said: str) -> None:
    recording(tmp_path, *ROWS)
    ages = manifest(tmp_path, row, head="subject,age", name="ages.csv")
    with pytest.raises(EvaluationError, match=said):
        recordings_of([manifest(tmp_path, "a.csv,ann,fall,slip")], ages)
