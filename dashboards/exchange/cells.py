"""One cell to one value: each reader takes what a spreadsheet made of it, or refuses it with a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Final
from zoneinfo import available_timezones

from dashboards.exchange.faults import Faulty
from dashboards.exchange.tables import MAX_CELL, Cell, shown
from dashboards.exchange.text import plain, plain_name
from devices.phones import normalise_phone
from devices.polygons import polygon_fault

Reader = Callable[[Cell], object]


class Clear:
    """Somebody wrote ``[clear]`` into a cell: what is stored there goes. An empty cell changes nothing."""

    def __repr__(self) -> str:
        return "CLEAR"


CLEAR: Final = Clear()
_CLEAR_WORDS: Final = frozenset({"[clear]", "[清空]", "【清空】", "【clear】"})


class Doubtful(Faulty):
    """A value that is probably wrong; it stands where it is what is stored already."""

    def __init__(self, value: object, code: str, **params: object) -> None:
        super().__init__(code, **params)
        self.value = value


_ERRORS: Final = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_BUT_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ROUNDED: Final = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")
_TWO_NUMBERS: Final = re.compile(r"[0-9]{7}.*[/,;|、或].*[0-9]{7}")
_ALMOST_MOBILE: Final = re.compile(r"1[3-9][0-9]{7,8}|1[3-9][0-9]{10}")
_AREA_CODE: Final = re.compile(r"[2-9][0-9]{9,10}")
_SERVICE_NUMBERS: Final = ("400", "800")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DATE: Final = re.compile(
    r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"(?:[T ]?(?P<H>\d{1,2})[:时](?P<M>\d{1,2})(?:[:分](?P<S>\d{1,2}(?:\.\d{1,3})?)?)?)?"
)
_YES: Final = frozenset({"是", "有", "能", "可以", "对", "√", "✓", "y", "yes", "true", "1", "t"})
_NO: Final = frozenset({"否", "无", "没有", "不", "不能", "×", "x", "n", "no", "false", "0", "f"})
LEAST_YEAR: Final = 1880
MOST_YEAR: Final = 2100


def is_clear(cell: Cell) -> bool:
    """Whether the cell asks to forget what is stored."""
    return isinstance(cell, str) and plain(cell).lower() in _CLEAR_WORDS


def _text(cell: Cell, most: int) -> str:
    text = shown(cell)
    if _ERRORS.match(text):
        raise Faulty("excel_error")
    if len(text) > most:
        raise Faulty("too_long", most=most)
    return text


def short(cell: Cell) -> str:
    """One line of text, 200 characters at most."""
    text = plain(_text(cell, 200))
    if _CONTROL.search(text):
        raise Faulty("unprintable")
    return text


def name(cell: Cell) -> str:
    """A person's name."""
    text = plain_name(_text(cell, 200))
    if _CONTROL.search(text):
        raise Faulty("unprintable")
    return text


def lines(cell: Cell) -> str:
    """Text of several lines."""
    text = _text(cell, MAX_CELL).replace("\r\n", "\n").replace("\r", "\n").strip()
    if _CONTROL_BUT_LINES.search(text):
        raise Faulty("unprintable")
    return text


def phone(cell: Cell) -> str:
    """A phone number as the system keeps it.

    Spreadsheets turn numbers into ``1.38E+10`` and drop leading zeros; neither can be dialled.
    """
    text = plain(_text(cell, 40)).lstrip("'")
    if _ROUNDED.fullmatch(text) or isinstance(cell, datetime | date | time | bool):
        raise Faulty("phone_rounded")
    try:
        number = normalise_phone(text)
    except ValueError:
        raise Faulty(_what_is_wrong_with_phone(text)) from None
    if _AREA_CODE.fullmatch(number) and not number.startswith(_SERVICE_NUMBERS):
        raise Doubtful(number, "phone_lost_zero")
    return number


def _what_is_wrong_with_phone(text: str) -> str:
    if _TWO_NUMBERS.search(text):
        return "phone_two"
    digits = re.sub(r"\D", "", text).removeprefix("0086").removeprefix("86")
    return "phone_mobile" if _ALMOST_MOBILE.fullmatch(digits) else "phone"


def identifier(cell: Cell) -> str:
    """An id as sites and devices have it."""
    text = plain(_text(cell, 200))
    if not _ID.fullmatch(text):
        raise Faulty("id")
    return text


def year(cell: Cell) -> int:
    """A year of birth, out of a date of birth too."""
    if isinstance(cell, datetime | date):
        found = cell.year
    else:
        text = plain(_text(cell, 40)).removesuffix("年")
        dated = _DATE.fullmatch(text)
        compact = re.fullmatch(r"([0-9]{4})(?:[-/.年]?[0-9]{1,2}月?|[0-9]{4})?", text)
        if dated is None and compact is None:
            raise Faulty("year")
        found = int(dated["y"] if dated else compact[1] if compact else 0)
    if not LEAST_YEAR <= found <= MOST_YEAR:
        raise Faulty("range", least=LEAST_YEAR, most=MOST_YEAR)
    return found


def moment(cell: Cell) -> datetime:
    """A date, or a date and time, without its time zone; with one where the text ends in ``Z``.

    A date alone is that day's beginning: watching somebody too early is a nuisance, too late a danger.
    """
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 its zone is the resident's, known later
    text = plain(_text(cell, 40))
    try:
        if text.endswith("Z"):
            return datetime.fromisoformat(text)
        found = _DATE.fullmatch(text)
        if found is None:
            raise Faulty("date")
        seconds = float(found["S"] or 0)
        return datetime(  # noqa: DTZ001 its zone is the resident's, known later
            int(found["y"]), int(found["m"]), int(found["d"]), int(found["H"] or 0), int(found["M"] or 0),
            int(seconds), round(seconds % 1 * 1000) * 1000,
        )  # fmt: skip
    except Faulty:
        raise
    except ValueError:
        raise Faulty("date") from None


def number(least: float, most: float) -> Reader:
    """A reader of numbers in ``[least, most]``."""

    def read(cell: Cell) -> float:
        if isinstance(cell, bool | datetime | date | time):
            raise Faulty("number")
        text = plain(_text(cell, 40)).rstrip("°米mM ")
        try:
            found = float(text)
        except ValueError:
            raise Faulty("number") from None
        if not least <= found <= most:
            raise Faulty("range", least=f"{least:,.12g}", most=f"{most:,.12g}")
        return found

    return read


def whole_number(least: int, most: int) -> Reader:
    """A reader of whole numbers in ``[least, most]``."""
    read_number = number(least, most)

    def read(cell: Cell) -> int:
        found = read_number(cell)
        assert isinstance(found, float)
        if not found.is_integer():
            raise Faulty("whole_number")
        return int(found)

    return read


def yes_no(cell: Cell) -> bool:
    """Yes or no, in words or signs."""
    if isinstance(cell, bool):
        return cell
    text = plain(_text(cell, 40)).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Faulty("yes_no")


def choice(words: Mapping[str, str]) -> Reader:
    """A reader of words: each word that people write → what the system keeps."""
    allowed = {**{value: value for value in words.values()}, **words}

    def read(cell: Cell) -> str:
        found = allowed.get(plain(_text(cell, 200)).lower())
        if found is None:
            raise Faulty("choice", choices=", ".join(dict.fromkeys(words.values())))
        return found

    return read


def several(words: Mapping[str, str]) -> Reader:
    """A reader of lists of such words, separated by commas, semicolons, blanks or +."""
    read_one = choice(words)

    def read(cell: Cell) -> list[str]:
        parts = [part for part in re.split(r"[,;、+\s]+", plain(_text(cell, 200))) if part]
        return list(dict.fromkeys(str(read_one(part)) for part in parts))

    return read


def device_type(cell: Cell) -> str:
    """A device's type: the words for the known ones, anything printable else."""
    text = short(cell)
    if len(text) > 64:
        raise Faulty("too_long", most=64)
    return _DEVICE_TYPES.get(text.lower(), text)


def timezone(cell: Cell) -> str:
    """A time zone by its IANA name."""
    text = plain(_text(cell, 64))
    if text not in available_timezones():
        raise Faulty("timezone")
    return text


def polygon(cell: Cell) -> list[tuple[float, float]]:
    """Corners as ``lat,lon; lat,lon; lat,lon``."""
    latitude, longitude = number(-90, 90), number(-180, 180)
    corners: list[tuple[float, float]] = []
    for corner in filter(None, re.split(r"[;；\n]+", plain(_text(cell, 50_000)))):
        pair = re.split(r"[,\s]+", corner.strip())
        if len(pair) != 2:
            raise Faulty("polygon")
        lat, lon = latitude(pair[0]), longitude(pair[1])
        assert isinstance(lat, float)
        assert isinstance(lon, float)
        corners.append((lat, lon))
    if fault := polygon_fault(corners):
        raise Faulty(f"polygon_{fault.code}", **fault.params)
    return corners


_DEVICE_TYPES: Final = {
    "手环": "band", "腕带": "band", "手表": "watch", "吊坠": "pendant", "床头盒": "box", "盒子": "box",
    "划船机": "rower", "椭圆机": "elliptical", "漫步机": "walker", "健腹器": "abs", "扭腰器": "twister",
}  # fmt: skip

STATUSES: Final = {
    "正常": "active", "在家": "active", "在住": "active", "外出": "away", "暂时外出": "away", "离家": "away",
    "住院": "hospital", "医院": "hospital", "暂停": "paused", "停用": "paused", "搬走": "moved", "已搬走": "moved",
    "迁出": "moved", "已故": "deceased", "去世": "deceased", "死亡": "deceased",
}  # fmt: skip
LANGUAGES: Final = {"中文": "zh", "汉语": "zh", "chinese": "zh", "英文": "en", "英语": "en", "english": "en"}
CHANNELS: Final = {"短信": "sms", "电话": "call", "语音": "call", "phone": "call"}
