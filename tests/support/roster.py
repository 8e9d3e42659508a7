"""A centre's list of residents as files: large, in every format, with known faults in known lines."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

import openpyxl

HEADERS = [
    "编号", "姓名", "电话", "出生年", "小区", "楼栋", "单元", "楼层", "房号", "户", "纬度", "经度", "安全区半径",
    "手环号", "联系人1姓名", "联系人1电话", "联系人1关系",
]  # fmt: skip
_FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林罗高"
_GIVEN = "秀英桂兰玉珍建国志强淑华丽萍德明文彬雪梅春生"

FAULTS: list[tuple[str, str, str]] = [
    ("姓名", "", "missing"),
    ("电话", "1.38E+10", "phone_rounded"),
    ("电话", "2155501234", "phone_lost_zero"),
    ("出生年", "一九四零", "year"),
    ("出生年", "1790", "range"),
    ("纬度", "北纬31度", "number"),
    ("经度", "200", "range"),
    ("安全区半径", "0", "range"),
    ("手环号", "手环 一号", "id"),
    ("联系人1电话", "139001390", "phone_mobile"),
]
"""(column, what stands there, what is wrong with it), taken in turn."""


@dataclass
class Roster:
    """Lines as text, and what is wrong in them: (line, column, code)."""

    headers: list[str]
    lines: list[list[str]]
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    def csv(self, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
        """As a CSV file."""
        buffer = io.StringIO(newline="")
        csv.writer(buffer, delimiter=delimiter).writerows([self.headers, *self.lines])
        return buffer.getvalue().encode(encoding)

    def xlsx(self) -> bytes:
        """As a workbook, numbers as numbers, as somebody types them."""
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("名册")
        sheet.append(self.headers)
        for line in self.lines:
            sheet.append([_typed(header, text) for header, text in zip(self.headers, line, strict=True)])
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()


def _typed(header: str, text: str) -> str | int | float | None:
    if text == "":
        return None
    if header in ("出生年", "楼层", "纬度", "经度", "安全区半径") or (header.endswith("电话") and text.startswith("1")):
        try:
            return int(text) if text.isdigit() else float(text) if "E" not in text else text
        except ValueError:
            return text
    return text


def roster(size: int = 5000, faulty: int = 50) -> Roster:
    """``size`` residents, each with a band, a contact and a zone; two share each household."""
    lines = [_line(i) for i in range(size)]
    made = Roster(list(HEADERS), lines)
    step = size // faulty if faulty else 0
    for k in range(faulty):
        place = k * step + step // 2
        column, text, code = FAULTS[k % len(FAULTS)]
        lines[place][HEADERS.index(column)] = text
        made.faults.append((place + 2, column, code))
    return made


def _line(i: int) -> list[str]:
    name = _FAMILY[i % len(_FAMILY)] + _GIVEN[i % len(_GIVEN)] + _GIVEN[i // len(_GIVEN) % len(_GIVEN)]
    home = i // 2
    building, unit, floor = home // 60 + 1, home // 12 % 5 + 1, home // 2 % 6 + 1
    room = f"{floor}0{home % 2 + 1}"
    return [
        f"N{i:05d}", name, f"0215550{i:04d}", str(1930 + i % 25), "阳光小区", f"{building}", f"{unit}", f"{floor}",
        room, f"{building}-{unit}-{room}", f"{31.2 + home % 100 / 10_000:.4f}", f"{121.4 + home // 100 / 10_000:.4f}",
        "300", f"band-{i:05d}", f"{name[0]}小红", f"1390013{i:04d}", "女儿",
    ]  # fmt: skip
