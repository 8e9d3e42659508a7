"""The columns of each kind of table, in Chinese and English, and what is read from their cells.

The first two names are those that an export writes; an import takes the others too. Order is free, case,
blanks, marks and remarks in brackets do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from dashboards.exchange import cells
from dashboards.exchange.cells import Reader
from dashboards.exchange.text import header_key

Kind = Literal["residents", "devices", "contacts", "fences"]
KINDS: Final[tuple[Kind, ...]] = ("residents", "devices", "contacts", "fences")
CONTACTS_IN_A_LINE: Final = 9


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``clearable``: ``[clear]`` in a cell forgets the value. ``exported``: an export writes it."""

    field: str
    zh: str
    en: str
    read: Reader
    also: tuple[str, ...] = ()
    clearable: bool = False
    exported: bool = True


_latitude, _longitude = cells.number(-90, 90), cells.number(-180, 180)
_radius = cells.number(1, 1_000_000)


def _contact_columns() -> Iterator[Column]:
    """Contacts beside their resident: ``联系人1姓名``, ``contact 1 name``; the first one also without its number."""
    parts: tuple[tuple[str, str, str, Reader], ...] = (
        ("name", "姓名", "name", cells.name),
        ("phone", "电话", "phone", cells.phone),
        ("relation", "关系", "relation", cells.short),
        ("holds_key", "有钥匙", "holds key", cells.yes_no),
        ("can_receive_sms", "能收短信", "can receive sms", cells.yes_no),
    )
    for n in range(1, CONTACTS_IN_A_LINE + 1):
        han = "一二三四五六七八九"[n - 1]
        for field, zh, en, read in parts:
            says = [zh] + (["手机", "手机号", "联系电话"] if field == "phone" else [])
            also = [
                f"{who}{at}{say}" for say in says for at in (str(n), han) for who in ("联系人", "紧急联系人", "家属")
            ]
            also += [f"contact{n}_{field}"]
            if n == 1:
                also += [f"{who}{say}" for say in says for who in ("联系人", "紧急联系人", "家属")]
                also += [f"contact_{field}", f"emergency_contact_{field}"]
                also += {
                    "name": ["紧急联系人", "联系人", "联系人1"],
                    "phone": ["紧急联系电话"],
                    "relation": ["与老人关系"],
                }.get(field, [])
            elif field == "name":
                also.append(f"联系人{n}")
            yield Column(
                f"contact{n}.{field}", f"联系人{n}{zh}", f"contact {n} {en}", read, tuple(also), exported=False
            )


_SITE: Final = Column(
    "site", "站点", "site", cells.short, ("中心", "服务中心", "站点编号", "服务站", "site_id", "centre", "center")
)
_RESIDENT_REFERENCES: Final = (
    Column("resident", "长者系统编号", "resident id", cells.short, ("老人系统编号", "resident"), clearable=True),
    Column(
        "resident_external_id",
        "长者编号",
        "resident external id",
        cells.short,
        ("老人编号", "人员编号"),
    ),
    Column(
        "resident_name", "长者姓名", "resident name", cells.name, ("老人姓名", "佩戴者", "佩戴人", "使用人", "wearer")
    ),
)

COLUMNS: Final[dict[Kind, tuple[Column, ...]]] = {
    "residents": (
        Column("id", "系统编号", "id", cells.short, ("长者系统编号", "resident id", "system_id")),
        Column(
            "external_id",
            "编号",
            "external id",
            cells.short,
            ("老人编号", "长者编号", "人员编号", "外部编号", "档案号", "external_id", "number", "no"),
            clearable=True,
        ),
        _SITE,
        Column("name", "姓名", "name", cells.name, ("老人姓名", "长者姓名", "名字", "full name", "resident name")),
        Column(
            "phone",
            "电话",
            "phone",
            cells.phone,
            (
                "手机",
                "手机号",
                "手机号码",
                "电话号码",
                "联系电话",
                "本人电话",
                "tel",
                "telephone",
                "mobile",
                "phone number",
            ),
            clearable=True,
        ),
        Column(
            "birth_year",
            "出生年",
            "birth year",
            cells.year,
            ("出生年份", "出生日期", "出生年月", "生日", "year of birth", "born", "date of birth", "birthday"),
            clearable=True,
        ),
        Column("address.community", "小区", "community", cells.short, ("小区名称", "estate"), clearable=True),
        Column(
            "address.building",
            "楼栋",
            "building",
            cells.short,
            ("楼号", "幢", "幢号", "栋", "楼", "号楼"),
            clearable=True,
        ),
        Column("address.unit", "单元", "unit", cells.short, ("单元号", "门洞"), clearable=True),
        Column("address.floor", "楼层", "floor", cells.short, ("层",), clearable=True),
        Column(
            "address.room",
            "房号",
            "room",
            cells.short,
            ("房间", "房间号", "室", "室号", "门牌", "门牌号"),
            clearable=True,
        ),
        Column("household", "户", "household", cells.short, ("家庭", "住户", "户名", "户号", "同住户"), clearable=True),
        Column("status", "状态", "status", cells.choice(cells.STATUSES), ("在住状态",)),
        Column("until", "截止", "until", cells.moment, ("截止时间", "截止日期", "到期"), clearable=True),
        Column("home.lat", "纬度", "home lat", _latitude, ("家纬度", "lat", "latitude"), clearable=True),
        Column("home.lon", "经度", "home lon", _longitude, ("家经度", "lon", "lng", "longitude"), clearable=True),
        Column("card.illnesses", "疾病", "illnesses", cells.lines, ("病史", "基础疾病", "慢性病"), clearable=True),
        Column("card.medication", "用药", "medication", cells.lines, ("药物", "服药"), clearable=True),
        Column("card.doctor", "医生", "doctor", cells.lines, ("家庭医生", "签约医生"), clearable=True),
        Column("card.key_holder", "钥匙在", "key holder", cells.lines, ("钥匙", "钥匙保管人"), clearable=True),
        Column("card.notes", "备注", "notes", cells.lines, ("说明", "remarks", "note"), clearable=True),
        Column("timezone", "时区", "timezone", cells.timezone),
        Column("language", "语言", "language", cells.choice(cells.LANGUAGES)),
        Column(
            "device",
            "手环号",
            "device",
            cells.identifier,
            ("手环", "手环编号", "设备", "设备号", "设备编号", "device id", "band", "band id"),
            exported=False,
        ),
        Column("device_type", "设备类型", "device type", cells.device_type, exported=False),
        Column(
            "radius_m", "安全区半径", "zone radius", _radius, ("安全半径", "zone_radius_m", "radius_m"), exported=False
        ),
        *_contact_columns(),
    ),
    "devices": (
        Column(
            "id",
            "设备编号",
            "device",
            cells.identifier,
            ("设备号", "手环号", "手环编号", "设备", "手环", "device id", "id", "band"),
        ),
        _SITE,
        Column("type", "类型", "type", cells.device_type, ("设备类型", "device type")),
        Column("phone", "设备电话", "device phone", cells.phone, ("卡号", "手机卡号", "sim", "phone"), clearable=True),
        *_RESIDENT_REFERENCES,
        Column("household", "户", "household", cells.short, ("家庭", "住户", "户号")),
    ),
    "contacts": (
        Column("id", "联系人系统编号", "contact id", cells.short, ("id",)),
        _SITE,
        *_RESIDENT_REFERENCES,
        Column("name", "联系人姓名", "name", cells.name, ("联系人", "姓名", "紧急联系人", "contact name", "contact")),
        Column(
            "phone",
            "联系人电话",
            "phone",
            cells.phone,
            ("电话", "手机", "手机号", "联系电话", "紧急联系电话", "联系人手机", "contact phone", "mobile", "tel"),
        ),
        Column("relation", "关系", "relation", cells.short, ("与老人关系", "与长者关系", "联系人关系"), clearable=True),
        Column("order", "顺序", "order", cells.whole_number(1, 100), ("通知顺序", "次序")),
        Column("channels", "通知方式", "channels", cells.several(cells.CHANNELS), ("方式", "channel")),
        Column("can_receive_sms", "能收短信", "can receive sms", cells.yes_no, ("可收短信", "can_receive_sms")),
        Column("holds_key", "有钥匙", "holds key", cells.yes_no, ("持有钥匙", "holds_key")),
        Column("language", "语言", "language", cells.choice(cells.LANGUAGES)),
    ),
    "fences": (
        Column("id", "区域系统编号", "zone id", cells.short, ("id", "fence id")),
        _SITE,
        *_RESIDENT_REFERENCES,
        Column(
            "name",
            "区域名称",
            "zone name",
            cells.name,
            ("名称", "安全区", "安全区名称", "区域", "name", "fence name", "zone"),
        ),
        Column(
            "circle.lat", "中心纬度", "centre lat", _latitude, ("纬度", "圆心纬度", "lat", "latitude", "center lat")
        ),
        Column(
            "circle.lon",
            "中心经度",
            "centre lon",
            _longitude,
            ("经度", "圆心经度", "lon", "lng", "longitude", "center lon"),
        ),
        Column("circle.radius_m", "半径", "radius", _radius, ("安全区半径", "radius_m", "zone radius")),
        Column("polygon", "多边形", "polygon", cells.polygon, ("顶点", "corners")),
    ),
}

SHEET_NAMES: Final[dict[Kind, tuple[str, str]]] = {
    "residents": ("长者", "residents"),
    "devices": ("设备", "devices"),
    "contacts": ("联系人", "contacts"),
    "fences": ("安全区", "fences"),
}

REASONS: Final = frozenset(map(header_key, ("问题", "problem", "行号", "line")))
"""Columns that the download of faulty lines adds: they say what to mend, and are no data."""


def keys_of(kind: Kind) -> dict[str, Column]:
    """Every header that the kind knows, reduced → its column; what an export writes has the first say."""
    known = {header_key(name): column for column in COLUMNS[kind] for name in (column.zh, column.en, column.field)}
    for column in COLUMNS[kind]:
        for name in column.also:
            known.setdefault(header_key(name), column)
    return known


KEYS: Final[dict[Kind, dict[str, Column]]] = {kind: keys_of(kind) for kind in KINDS}
