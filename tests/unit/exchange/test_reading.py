"""Files as people have them: every encoding and separator, headers anywhere and in any order, and what is no table."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import openpyxl
import pytest

from dashboards.exchange.faults import Unreadable
from dashboards.exchange.lines import Line, read_lines
from dashboards.exchange.reading import read_tables
from dashboards.exchange.text import guarded, header_key, plain_name, unguarded
from dashboards.exchange.xlsx_tables import MAX_UNPACKED_BYTES


def _lines(data: bytes) -> list[Line]:
    return read_lines(read_tables(data))[0]


def _book(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，"])
def test_every_encoding_and_separator_gives_the_same_lines(encoding: str, delimiter: str) -> None:
    text = '编号,姓名,备注\r\n001,王秀英,"第一行\n第二行"\r\n\r\n002,李强,好\r\n'.replace(",", delimiter)
    lines = _lines(text.encode(encoding))
    assert [(line.number, line.text("external_id"), line.text("name")) for line in lines] == [
        (2, "001", "王秀英"),
        (5, "002", "李强"),
    ]
    assert lines[0].text("card.notes") == "第一行\n第二行"


def test_a_title_above_the_headers_and_remarks_in_them_do_no_harm() -> None:
    data = (
        "阳光社区老人名册,,\n填表说明：带*的必填,,\n* 电话（手机） , 姓 名,出生 年份\n13800138000,王　芳,1940年\n"
    ).encode()
    (line,) = _lines(data)
    assert (line.number, line.text("name"), line.text("phone"), line.values["birth_year"]) == (
        4, "王芳", "13800138000", 1940,
    )  # fmt: skip


def test_headers_may_be_english_and_in_any_order() -> None:
    (line,) = _lines(b"Room,Contact 1 Phone,NAME,External_ID,contact1_name\n402,13800138000,Ann Lee,A1,Bo\n")
    assert line.values == {
        "address.room": "402", "contact1.phone": "13800138000", "name": "Ann Lee", "external_id": "A1",
        "contact1.name": "Bo",
    }  # fmt: skip


def test_unknown_columns_are_named() -> None:
    _, sheets = read_lines(read_tables("姓名,身高,电话,问题\n甲,170,13800138000,x\n".encode()))
    assert sheets[0].unknown == ["身高"]


def test_two_columns_of_one_meaning_are_refused() -> None:
    with pytest.raises(Unreadable, match="电话, 手机号") as caught:
        _lines("姓名,电话,手机号\n甲,1,2\n".encode())
    assert caught.value.code == "same_column"


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("编号,姓名,电话", "residents"),
        ("老人姓名,电话,楼栋,房号,联系人1姓名,联系人1电话", "residents"),
        ("编号,手环号", "residents"),
        ("老人编号,设备编号,类型", "devices"),
        ("老人姓名,联系人,联系电话,关系", "contacts"),
        ("老人编号,安全区,半径", "fences"),
        ("resident id,zone name,polygon", "fences"),
        ("name,phone", "residents"),
    ],
)
def test_the_columns_tell_what_a_table_holds(headers: str, kind: str) -> None:
    _, sheets = read_lines(read_tables(f"{headers}\nx\n".encode()))
    assert [sheet.kind for sheet in sheets] == [kind]


def test_sheets_of_a_workbook_are_read_each_by_its_kind_and_one_without_headers_is_told() -> None:
    data = _book(
        ("长者", [["编号", "姓名", "电话", "出生年"], ["A1", "甲", 13800138000, datetime(1940, 5, 1)]]),  # noqa: DTZ001
        ("说明", [["请填写"]]),
        ("空", []),
        ("联系人", [["老人编号", "姓名", "电话", "关系"], ["A1", "乙", "13900139000", "女儿"]]),
    )
    lines, sheets = read_lines(read_tables(data))
    assert [(sheet.sheet, sheet.kind) for sheet in sheets] == [
        ("长者", "residents"),
        ("说明", None),
        ("联系人", "contacts"),
    ]
    assert lines[0].values == {"external_id": "A1", "name": "甲", "phone": "13800138000", "birth_year": 1940}
    assert lines[1].values["phone"] == "13900139000"


def _fault(headers: str, cell: str) -> str:
    (line,) = _lines(f'姓名,{headers}\n甲,"{cell}"\n'.encode())
    return line.faults[0].code if line.faults else line.doubts[headers].code if line.doubts else "fine"


@pytest.mark.parametrize(
    ("header", "cell", "code"),
    [
        ("电话", "1.38E+10", "phone_rounded"),
        ("电话", "13800138000/13900139000", "phone_two"),
        ("电话", "1380013800", "phone_mobile"),
        ("电话", "没有", "phone"),
        ("出生年", "40", "year"),
        ("出生年", "2199", "range"),
        ("纬度", "91", "range"),
        ("经度", "东经", "number"),
        ("状态", "好", "choice"),
        ("截止", "2026-02-30", "date"),
        ("截止", "下周", "date"),
        ("时区", "北京", "timezone"),
        ("手环号", "手环1", "id"),
        ("备注", "#REF!", "excel_error"),
        ("楼栋", "x" * 201, "too_long"),
        ("房号", "4\x0702", "unprintable"),
        ("状态", "[清空]", "not_clearable"),
        ("电话", "０２１－５５５５ ０１０２", "fine"),
        ("电话", "+86 138-0013-8000", "fine"),
        ("出生年", "1940-05-01", "fine"),
        ("出生年", "19400501", "fine"),
        ("出生年", "１９４０", "fine"),
        ("截止", "2026年7月1日", "fine"),
        ("截止", "2026/7/1 18:30", "fine"),
        ("电话", "[清空]", "fine"),
    ],
)
def test_each_cell_is_read_or_refused_for_its_own_reason(header: str, cell: str, code: str) -> None:
    assert _fault(header, cell) == code


def test_a_number_that_lost_its_zero_is_doubted() -> None:
    (line,) = _lines("姓名,电话\n甲,2155501234\n".encode())
    assert (line.values["phone"], line.doubts["phone"].code) == ("2155501234", "phone_lost_zero")
    (line,) = _lines("姓名,电话\n甲,4008001234\n".encode())
    assert line.doubts == {}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b" \n ", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "old_excel"),
        (b"PK\x03\x04 not a zip", "broken_workbook"),
        (b"\x89PNG\r\n\x00\x00", "not_a_table"),
        (b"\xff\xfe\x00", "encoding"),
        ("身高,体重\n1,2\n".encode("big5"), "no_headers"),
        ('姓名,电话\n甲,"没有关上\n乙,1\n'.encode(), "quotes"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        _lines(data)
    assert caught.value.code == code


def _zip(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _with_sheet(sheet: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(_book(("长者", [["姓名"], ["甲"]])))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return _zip({**parts, "xl/worksheets/sheet1.xml": sheet})


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread() -> None:
    bomb = _with_sheet(b" " * (MAX_UNPACKED_BYTES + 1))
    assert len(bomb) < 1_000_000
    with pytest.raises(Unreadable) as caught:
        read_tables(bomb)
    assert caught.value.code == "too_large"


def test_a_workbook_that_declares_entities_is_refused() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
    with pytest.raises(Unreadable) as caught:
        read_tables(_with_sheet(laughs))
    assert caught.value.code == "broken_workbook"


@pytest.mark.parametrize("text", ["=1+1", "+86", "-3", "@x", "'=1", "''=1", "'", "'a", "a=1", "", "\t=1"])
@pytest.mark.parametrize("formulas", [True, False])
def test_the_guard_against_formulas_is_undone_exactly(text: str, formulas: bool) -> None:
    safe = guarded(text, formulas=formulas)
    assert unguarded(safe) == text
    assert not (formulas and safe.startswith(("=", "+", "-", "@", "\t")))


def test_blanks_that_fill_up_a_short_name_go_and_those_of_other_names_stay() -> None:
    assert (plain_name("王　 芳"), plain_name(" Ann  Lee "), plain_name("买买提·艾力")) == (
        "王芳",
        "Ann Lee",
        "买买提·艾力",
    )


@pytest.mark.timeout(20)
@pytest.mark.parametrize("bracket", ["(", "（", "[", "【"])
def test_a_cell_of_brackets_that_never_close_is_read_in_one_pass(bracket: str) -> None:
    # Quadratic, this takes many minutes, in which no thread of the process gets a word in.
    cell = bracket * 900_000
    assert header_key(cell) == header_key(cell[0]) * 900_000
