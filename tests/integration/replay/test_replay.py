"""The laws of ``anxin simulate --replay`` at a whole system: all of it is stored, and alarms where they belong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from tests.support.community import rows
from tests.support.places import service_folder
from tests.support.system import UpProcess, running_up

_HOME = (31.2304, 121.4737)
_METRE_DEG = 1 / 111_195


@pytest.fixture(scope="module")
def system() -> Iterator[UpProcess]:
    with service_folder() as path, running_up(path / "data") as running:
        yield running


def _walk(path: Path, *metres: float) -> None:
    """One fix every ten seconds, so many metres north of home."""
    lines = [f"{10_000 * i},{_HOME[0] + m * _METRE_DEG:.7f},{_HOME[1]:.7f},5" for i, m in enumerate(metres)]
    path.write_text("\n".join(["t_ms,lat,lon,accuracy_m", *lines]) + "\n")


def _walks(folder: Path) -> Path:
    _walk(folder / "away.csv", 0, 50, 150, 250, 350, 450, 450, 450)
    _walk(folder / "near.csv", 0, 30, 60, 90, 60, 30, 0, 0)
    head = "file,subject,label,home_lat,home_lon,zone_radius_m"
    tail = f"ordinary,{_HOME[0]},{_HOME[1]},200"
    manifest = folder / "manifest.csv"
    manifest.write_text(f"{head}\naway.csv,goes,{tail}\nnear.csv,stays,{tail}\n")
    return manifest


def _conninfo(system: UpProcess) -> str:
    return EmbeddedPostgres(DataFolder.open(system.data_dir)).conninfo


def test_every_fix_is_stored_and_who_left_the_zone_alone_raises_an_alarm(system: UpProcess, tmp_path: Path) -> None:
    manifest = _walks(tmp_path)
    played = system.command("simulate", "--site", "walks", "--replay", str(manifest), "--stored")
    assert played.returncode == 0, played.stderr
    assert "position   played 16, stored 16" in played.stdout
    folder = tmp_path.name
    found = rows(_conninfo(system), "select object ->> 'device', rule from alarm where site = 'walks'")
    assert found == [(f"replay-{folder}-goes"[:64], "wandering.zone_exit")]
    fixes = rows(
        _conninfo(system),
        "select round(((p.lat - %s) / %s)::numeric)::int from position p join device d on d.slot = p.device"
        " where d.id = %s order by p.t",
        _HOME[0],
        _METRE_DEG,
        f"replay-{folder}-goes"[:64],
    )
    assert [metres for (metres,) in fixes] == [0, 50, 150, 250, 350, 450, 450, 450]


def test_samples_and_signs_are_stored_as_they_were_recorded_also_live(system: UpProcess, tmp_path: Path) -> None:
    fall = tmp_path / "fall.csv"
    fall.write_text("t_ms,x_mg,y_mg,z_mg\n" + "".join(f"{20 * i},{i},{-i},1000\n" for i in range(200)))
    life = tmp_path / "life.csv"
    life.write_text("t_ms,sign\n0,7\n300000,0\n600000,3\n")
    for recording, option in ((fall, ("--speed", "4")), (life, ("--speed", "300"))):
        played = system.command("simulate", "--site", "lives", "--replay", str(recording), *option)
        assert played.returncode == 0, played.stderr
    windows = rows(
        _conninfo(system),
        "select rate_hz, length(samples) / 6 from motion m join device d on d.slot = m.device"
        " where d.id = 'replay-fall' order by m.t",
    )
    assert windows == [(200.0, 128), (200.0, 72)]
    signs = rows(
        _conninfo(system),
        "select h.activity from heartbeat h join device d on d.slot = h.device"
        " where d.id = 'replay-life' and h.activity is not null order by h.t",
    )
    assert [sign for (sign,) in signs] == [7.0, 0.0, 3.0]


def test_a_second_replay_plays_the_same_people_again(system: UpProcess, tmp_path: Path) -> None:
    life = tmp_path / "twice.csv"
    life.write_text("t_ms,sign\n0,7\n1000,1\n")
    for _ in range(2):
        played = system.command("simulate", "--site", "lives", "--replay", str(life), "--stored")
        assert "heartbeat  played 3, stored 3" in played.stdout
    assert len(rows(_conninfo(system), "select id from device where id = 'replay-twice'")) == 1


def test_bands_of_another_site_are_refused_with_its_name(system: UpProcess, tmp_path: Path) -> None:
    life = tmp_path / "moved.csv"
    life.write_text("t_ms,sign\n0,7\n")
    here = system.command("simulate", "--site", "here", "--replay", str(life), "--stored")
    there = system.command("simulate", "--site", "there", "--replay", str(life), "--stored")
    assert (here.returncode, there.returncode) == (0, 1)
    assert "--site here" in there.stderr


def test_what_cannot_be_played_is_refused_before_anything_is_registered(system: UpProcess, tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("t_ms,sign\n0,7\nsoon,1\n")
    played = system.command("simulate", "--site", "broken", "--replay", str(broken))
    assert played.returncode == 1
    assert "line 3" in played.stderr
    assert rows(_conninfo(system), "select id from site where id = 'broken'") == []
