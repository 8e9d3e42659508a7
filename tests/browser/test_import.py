"""The page on which a list is imported: checked, looked at, mended, taken."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import FilePayload, Page, expect

from dashboards.exchange import faults
from dashboards.web.wording import catalogue
from tests.browser.conftest import Console, Watched
from tests.support.roster import Roster, roster


def _payload(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": data}


async def _choose(page: Page, name: str, data: bytes) -> None:
    await page.set_input_files("#import-file", files=_payload(name, data))
    await expect(page.locator("[data-part=outcome]")).to_be_visible()


async def _residents(console: Console) -> int:
    async with console.connection() as conn:
        row = await (await conn.execute("select count(*) from resident where external_id is not null")).fetchone()
    assert row is not None
    return int(row[0])


def _mended(made: Roster, downloaded: str) -> bytes:
    """The downloaded lines with the right cells in place of the wrong ones."""
    lines = downloaded.splitlines()
    assert lines[0] == ",".join(made.headers) + ",问题"
    right = {line[0]: line for line in roster(len(made.lines), 0).lines}
    return "\n".join([lines[0], *(",".join([*right[line.split(",")[0]], "x"]) for line in lines[1:])]).encode("gb18030")


async def test_a_list_is_checked_taken_without_its_faulty_lines_and_those_mended(
    console: Console, desk: Watched, tmp_path: Path
) -> None:
    page = desk.page
    await page.goto("/people")
    await page.get_by_role("link", name="导入与导出").click()
    await expect(page.locator("h1")).to_have_text("导入与导出")
    made = roster(300, 6)
    await _choose(page, "名册.xlsx", made.xlsx())
    fates = {fate: page.locator(f"[data-fate={fate}] strong") for fate in ("create", "update", "unchanged", "faulty")}
    assert {fate: await found.inner_text() for fate, found in fates.items()} == {
        "create": "294", "update": "0", "unchanged": "0", "faulty": "6",
    }  # fmt: skip
    shown = page.locator(".fate-table tbody tr")
    await expect(shown).to_have_count(6)
    assert [int(await row.get_attribute("data-line") or 0) for row in await shown.all()] == [f[0] for f in made.faults]
    await expect(shown.first).to_contain_text("姓名")
    await expect(shown.first).to_contain_text("必须填写")
    await expect(shown.nth(1)).to_contain_text("1.38E+10")
    assert await _residents(console) == 0

    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="下载有问题的行").click()
    path = tmp_path / "faulty.csv"
    await (await downloading.value).save_as(path)

    await page.get_by_role("button", name="导入其余 294 行").click()
    await expect(page.locator("[data-part=outcome] .notice.good")).to_contain_text("新增 294")
    assert await _residents(console) == 294

    await page.get_by_role("button", name="换一个文件").click()
    await _choose(page, "改好的.csv", _mended(made, path.read_text("utf-8-sig")))
    await expect(fates["create"]).to_have_text("6")
    await page.locator("[data-apply]").click()
    await expect(page.locator("[data-part=outcome] .notice.good")).to_contain_text("新增 6")
    assert await _residents(console) == 300


async def test_a_file_that_is_no_list_is_refused_in_words(console: Console, desk: Watched) -> None:
    desk.expected.append("422")
    page = desk.page
    await page.goto("/import")
    await page.wait_for_selector("html[data-ready]")
    await page.set_input_files("#import-file", files=_payload("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
    await expect(page.get_by_role("alert").filter(has_text="另存为 .xlsx")).to_be_visible()
    await _choose(page, "ok.csv", "编号,姓名,体重\nA1,甲,60\n".encode())
    await expect(page.locator("[data-part=outcome] .notice.warn")).to_contain_text("体重")


async def test_what_changed_after_the_check_is_shown_before_it_is_taken(console: Console, desk: Watched) -> None:
    desk.expected.append("409")
    page = desk.page
    await page.goto("/import")
    await page.wait_for_selector("html[data-ready]")
    await _choose(page, "a.csv", "编号,姓名\nA1,甲\n".encode())
    async with console.connection() as conn:
        await conn.execute("insert into resident (site, external_id, name) values ('riverside', 'A1', '乙')")
    await page.locator("[data-apply]").click()
    await expect(page.locator("[data-part=outcome] .notice.warn")).to_contain_text("检查之后有人改了登记")
    await expect(page.locator("[data-fate=update] strong")).to_have_text("1")
    await expect(page.locator(".fate-table .details")).to_contain_text(re.compile("姓名.*乙.*甲"))


def test_every_fault_has_words_in_both_languages() -> None:

    for code, english in faults.WORDS.items():
        chinese = catalogue()["zh"][f"import.problem.{code}"]
        assert catalogue()["en"][f"import.problem.{code}"] == english, code
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", english)), code
    assert faults.words("twice", line=3) == "the same as in line 3"
