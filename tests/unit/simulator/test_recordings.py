"""The laws of reading recordings."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from simulator.recordings import BETWEEN_FILES_MS, WINDOW_SAMPLES, RecordingError, read, subjects


def _file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_walk_becomes_one_position_a_line_with_what_is_known_of_its_accuracy(tmp_path: Path) -> None:
    path = _file(tmp_path, "walk.csv", "t_ms,lat,lon,accuracy_m", "1000,55.36,10.39,10", "19000,55.37,10.40,")
    assert read(path) == [
        (1000, "position", {"lat": 55.36, "lon": 10.39, "accuracy_m": 10.0}),
        (19000, "position", {"lat": 55.37, "lon": 10.40}),
    ]


def test_samples_become_windows_that_hold_each_of_them_once_at_the_recorded_rate(tmp_path: Path) -> None:
    count = 2 * WINDOW_SAMPLES + 7
    lines = [f"{40 * i},{i},{-i},40000" for i in range(count)]
    windows = read(_file(tmp_path, "fall.csv", "t_ms,x_mg,y_mg,z_mg", *lines))
    assert [w.t for w in windows] == [0, 40 * WINDOW_SAMPLES, 80 * WINDOW_SAMPLES]
    assert {w.fields["rate_hz"] for w in windows} == {25.0}
    held = np.concatenate([np.frombuffer(base64.b64decode(str(w.fields["samples"])), "<i2") for w in windows])
    assert held.reshape(-1, 3).tolist() == [[i, -i, 32767] for i in range(count)]


def test_a_sign_becomes_a_heartbeat_with_its_movement_counts_stillness_too(tmp_path: Path) -> None:
    path = _file(tmp_path, "life.csv", "t_ms,sign", "0,12", "300000,0")
    assert [(r.kind, r.fields) for r in read(path)] == [
        ("heartbeat", {"activity": 12.0}),
        ("heartbeat", {"activity": 0.0}),
    ]


def test_files_of_one_subject_are_one_life_whose_long_pauses_are_cut_short(tmp_path: Path) -> None:
    _file(tmp_path, "a.csv", "t_ms,sign", "5000,1", "6000,1")
    _file(tmp_path, "b.csv", "t_ms,sign", "16000,1")
    _file(tmp_path, "c.csv", "t_ms,sign", "9000000000,1")
    _file(tmp_path, "d.csv", "t_ms,sign", "0,1", "100,1")
    manifest = _file(tmp_path, "m.csv", "file,subject", "a.csv,p", "b.csv,p", "c.csv,p", "d.csv,p")
    (person,) = subjects(manifest)
    c = 11_000 + BETWEEN_FILES_MS
    d = c + BETWEEN_FILES_MS
    assert [r.t for r in person.readings()] == [0, 1000, 11_000, c, d, d + 100]


def test_independent_files_are_people_of_their_own_with_the_zone_of_their_line(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        _file(tmp_path, name, "t_ms,lat,lon", "0,1,2")
    lines = ("file,subject,label,home_lat,home_lon,zone_radius_m", "a.csv,w,ordinary,1.5,2.5,300", "b.csv,w,x,,,")
    manifest = _file(tmp_path, "m.csv", *lines)
    a, b = subjects(manifest, independent=True)
    assert (a.home, a.zone_radius_m, b.home, b.zone_radius_m) == ((1.5, 2.5), 300.0, None, None)
    assert a.device != b.device
    assert [len(each.files) for each in subjects(manifest)] == [2]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("a,b", "1,2"), "t_ms"),
        (("t_ms,sign", "1,2", "2,many"), "line 3"),
        (("t_ms,sign", "1,2", ",2"), "line 3"),
        (("t_ms,lat,lon", "1,2"), "line 2"),
        (("file,subject", "none.csv,p"), "line 2"),
        (("file,subject",), "names no recording"),
        (("file,subject,home_lat", "m.csv,p,north"), "home_lat"),
    ],
)
def test_what_cannot_be_played_is_named_with_its_line(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    path = _file(tmp_path, "m.csv", *lines)
    with pytest.raises(RecordingError, match=words):
        [list(person.readings()) for person in subjects(path)]


def test_an_empty_file_and_a_missing_one_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    for name in ("empty.csv", "missing.csv"):
        with pytest.raises(RecordingError, match=name):
            subjects(tmp_path / name)
