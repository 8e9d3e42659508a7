"""A sheet a shift and site: once however many write, again when one is missing, with a reason when it cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from anxin import sheets
from anxin.embedded.errors import StartError
from anxin.settings import Database, KeepDays, Settings, SheetPlan
from anxin.sheets import JOB, sheet_job, write_by_hand, write_due
from anxin.upkeep import JobFailed, Upkeep
from dashboards.sheet import SheetError
from dashboards.sheet.apart import Answer, Question
from devices.clock import HOUR_MS, ManualClock
from gateway.store.accounts import add_account
from gateway.store.connection import Connection, connect, pool
from gateway.store.registry import add_contact, add_resident, add_shift, save_site
from gateway.store.registry_records import ContactFields, ResidentFields, ShiftFields, Site
from gateway.store.upkeep import upkeep_runs
from tests.support.promises import june
from tests.support.sheets import pages_of


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    async with await connect(conninfo, application="test") as connection:
        await save_site(connection, "test", Site(id="north", name="北社区"), create=True)
        address = {"community": "阳光小区", "building": "3", "room": "402"}
        fields = ResidentFields(site="north", name="王秀英", phone="02155550101", address=address)
        resident = await add_resident(connection, "test", fields)
        gone = ResidentFields(site="north", name="已搬走的人", status="moved")
        await add_resident(connection, "test", gone)
        contact = ContactFields(resident=resident.id, name="王小红", phone="13800138000", holds_key=True)
        await add_contact(connection, "test", contact)
        yield connection


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """Nothing is drawn; what was to be."""
    asked: list[Question] = []

    async def answer(question: Question) -> Answer:
        asked.append(question)
        await asyncio.sleep(0)
        return Answer(pdf=b"%PDF")

    monkeypatch.setattr(sheets, "draw_apart", answer)
    return asked


def _names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_the_sheet_of_a_shift_is_written_by_a_process_of_its_own(conn: Connection, tmp_path: Path) -> None:
    plan = SheetPlan(dir=tmp_path / "sheets")
    assert await write_due(conn, june(9), plan, "zh") == 1
    path = tmp_path / "sheets" / "anxin-sheet_north_2025-06-10_0730.pdf"
    text = "".join(pages_of(path.read_bytes()))
    for part in ("北社区", "2025-06-10 09:00 由系统打印", "王秀英", "02155550101", "402室", "王小红", "有钥匙"):
        assert part in text, part
    assert "已搬走的人" not in text
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_sheet_is_written_once_a_shift_and_anew_when_it_is_missing(
    conn: Connection, tmp_path: Path, quick: list[Question]
) -> None:
    plan = SheetPlan(dir=tmp_path)
    for now in (june(7, 31), june(9), june(19, 30)):
        await write_due(conn, now, plan, "zh")
    names = ["anxin-sheet_north_2025-06-10_0730.pdf", "anxin-sheet_north_2025-06-10_1930.pdf"]
    assert (len(quick), _names(tmp_path)) == (2, names)
    (tmp_path / names[1]).unlink()
    assert await write_due(conn, june(20), plan, "zh") == 1


async def test_shifts_of_the_roster_decide_when(conn: Connection, tmp_path: Path, quick: list[Question]) -> None:
    await add_account(conn, username="li", role="duty")
    shift = ShiftFields(site="north", account="li", from_ms=june(8), to_ms=june(8) + 8 * HOUR_MS)
    await add_shift(conn, "test", shift)
    await write_due(conn, june(7, 59), SheetPlan(dir=tmp_path), "zh")
    await write_due(conn, june(8), SheetPlan(dir=tmp_path), "zh")
    assert _names(tmp_path) == ["anxin-sheet_north_2025-06-10_0730.pdf", "anxin-sheet_north_2025-06-10_0800.pdf"]


async def test_old_sheets_go_after_their_days(conn: Connection, tmp_path: Path, quick: list[Question]) -> None:
    await write_due(conn, june(9, day=1), SheetPlan(dir=tmp_path, keep_days=14), "zh")
    await write_due(conn, june(9, day=15), SheetPlan(dir=tmp_path, keep_days=14), "zh")
    assert len(_names(tmp_path)) == 2
    await write_due(conn, june(9, day=16), SheetPlan(dir=tmp_path, keep_days=14), "zh")
    assert [name[18:28] for name in _names(tmp_path)] == ["2025-06-15", "2025-06-16"]


async def test_a_full_disk_is_told_in_the_status_before_anything_is_drawn_and_the_next_turn_tries_again(
    conninfo: str, conn: Connection, tmp_path: Path, quick: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(june(9))
    job = sheet_job(SheetPlan(dir=tmp_path), "zh")
    async with pool(conninfo, application="test dispatcher") as connections:
        upkeep = Upkeep(connections, clock, KeepDays())
        with monkeypatch.context() as full:
            full.setattr(sheets, "FREE_AT_LEAST", 1 << 62)
            await upkeep.run(job)
        [run] = [each for each in await upkeep_runs(conn) if each.job == JOB]
        assert run.error is not None
        assert "the disk is full" in run.error
        assert "anxin-sheet_north_2025-06-10_0730.pdf" in run.error
        assert (quick, _names(tmp_path)) == ([], [])
        await upkeep.run(job)
        [run] = [each for each in await upkeep_runs(conn) if each.job == JOB]
        assert (run.error, run.done, len(_names(tmp_path))) == (None, 1, 1)


async def test_two_dispatchers_at_once_draw_one_sheet(
    conninfo: str, conn: Connection, tmp_path: Path, quick: list[Question]
) -> None:
    async with pool(conninfo, application="one") as one, pool(conninfo, application="other") as other:
        job = sheet_job(SheetPlan(dir=tmp_path), "zh")
        await asyncio.gather(*(Upkeep(each, ManualClock(june(9)), KeepDays()).run(job) for each in (one, other)))
    assert (len(quick), len(_names(tmp_path))) == (1, 1)


async def test_one_site_without_a_sheet_keeps_none_of_the_others_from_theirs(
    conn: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save_site(conn, "test", Site(id="south", name="南社区"), create=True)
    blocked = tmp_path / "anxin-sheet_north_2025-06-10_0730.pdf"

    async def refused(question: Question) -> Answer:
        if question.sheet.site.id == "north":
            raise SheetError("no font with Chinese characters was found")
        return Answer(pdf=b"%PDF")

    monkeypatch.setattr(sheets, "draw_apart", refused)
    with pytest.raises(JobFailed, match=f"{blocked.name}: no font"):
        await write_due(conn, june(9), SheetPlan(dir=tmp_path), "zh")
    assert _names(tmp_path) == ["anxin-sheet_south_2025-06-10_0730.pdf"]


async def test_no_folder_means_no_sheets(conn: Connection, quick: list[Question]) -> None:
    assert await write_due(conn, june(9), SheetPlan(dir=None), "zh") == 0
    assert quick == []


async def test_a_sheet_by_hand_needs_no_more_than_a_file_name_where_there_is_one_site(
    conninfo: str, conn: Connection, tmp_path: Path, quick: list[Question]
) -> None:
    settings = Settings(database=Database(url=SecretStr(conninfo)))
    out = tmp_path / "sheet.pdf"
    assert await write_by_hand(settings, out, site=None, language=None) == 0
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (b"%PDF", 0o600)
    assert [(each.sheet.site.id, each.language) for each in quick] == [("north", "zh")]
    with pytest.raises(StartError, match="there is no site west"):
        await write_by_hand(settings, out, site="west", language=None)
    await save_site(conn, "test", Site(id="south", name="南社区"), create=True)
    with pytest.raises(StartError, match="say of which site, by --site; there are: north, south"):
        await write_by_hand(settings, out, site=None, language=None)
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"sheet\.pdf: "):
        await write_by_hand(settings, tmp_path / "file" / "sheet.pdf", site="south", language="en")
