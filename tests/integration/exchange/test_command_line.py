"""``anxin import`` and ``anxin export`` against a real database."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from anxin.cli import main
from tests.support.roster import roster


@pytest.fixture
def system(conninfo: str) -> str:
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into site (id, name) values ('north', '北社区')")
    return conninfo


def _anxin(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_a_dry_run_tells_and_changes_nothing_and_apply_does_it(system: str, tmp_path: Path) -> None:
    file = tmp_path / "名册.csv"
    file.write_bytes(roster(40, 2).csv("gb18030"))
    dry = _anxin("import", file, "--database", system)
    assert dry.exit_code == 1, dry.output
    assert "create 38, update 0, unchanged 0, faulty 2" in dry.output
    assert "姓名: must be filled in" in dry.output
    assert "电话: is a number that the spreadsheet has rounded" in dry.output
    refused = _anxin("import", file, "--database", system, "--apply")
    assert (refused.exit_code, "nothing was changed" in refused.output) == (1, True)
    assert _residents(system) == 0
    applied = _anxin("import", file, "--database", system, "--apply", "--skip-faulty", "--json")
    assert applied.exit_code == 1
    told = json.loads(next(line for line in applied.output.splitlines() if line.startswith("{")))
    assert (told["dry_run"], told["counts"]["create"]) == (False, 38)
    assert _residents(system) == 38


def test_what_is_exported_is_unchanged_when_it_is_imported(system: str, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_bytes(roster(10, 0).csv())
    assert _anxin("import", file, "--site", "北社区", "--database", system, "--apply").exit_code == 0
    for name, records in (("all.xlsx", 40), ("residents.csv", 10)):
        out = tmp_path / name
        written = _anxin("export", out, "--database", system)
        assert (written.exit_code, f"{records} records" in written.output) == (0, True)
        again = _anxin("import", out, "--database", system)
        assert again.exit_code == 0, again.output
        assert f"create 0, update 0, unchanged {records}, faulty 0" in again.output


def test_a_file_that_cannot_be_read_ends_with_its_reason(system: str, tmp_path: Path) -> None:
    file = tmp_path / "old.xls"
    file.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    answer = _anxin("import", file, "--database", system)
    assert (answer.exit_code, "save it as .xlsx" in answer.output) == (1, True)
    answer = _anxin("export", tmp_path / "no" / "folder.csv", "--database", system)
    assert answer.exit_code == 1
    answer = _anxin("export", tmp_path / "none.csv", "--site", "nowhere", "--database", system)
    assert (answer.exit_code, "there is no site nowhere" in answer.output) == (1, True)


def _residents(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select count(*) from resident").fetchone()
        assert row is not None
        return int(row[0])
