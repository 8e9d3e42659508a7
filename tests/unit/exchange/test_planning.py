"""The fate of each line: who is meant, what changes, what is refused, and what nobody said stays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from dashboards.exchange import Planned, plan_file
from dashboards.exchange.cells import moment
from dashboards.exchange.people import local, ms_of
from gateway.store.registry_bulk import Snapshot
from gateway.store.registry_records import (
    Circle,
    Contact,
    Device,
    Fence,
    Household,
    Point,
    Resident,
    Site,
)

NOW = 1_750_000_000_000
HOME = Point(lat=31.2, lon=121.4)
NORTH, SOUTH = Site(id="north", name="北社区"), Site(id="south", name="南社区")


def _person(key: str, name: str, **more: Any) -> Resident:
    return Resident(**{"id": key, "site": "north", "name": name, **more})


def _device(key: str, **more: Any) -> Device:
    return Device(**{"id": key, "site": "north", "registered": True, "revoked": False, **more})


def _contact(key: str, resident: str, name: str, phone: str, order: int = 1) -> Contact:
    return Contact(id=key, site="north", resident=resident, name=name, phone=phone, order=order)


def plan(
    text: str | bytes, *records: Any, site: str | None = "north", sites: Sequence[Site] = (NORTH, SOUTH)
) -> Planned:
    kinds: tuple[type[object], ...] = (Site, Household, Resident, Device, Contact, Fence)
    rows = {
        kind: [msgspec.json.encode(each).decode() for each in (*sites, *records) if type(each) is kind]
        for kind in kinds
    }
    return plan_file(
        text.encode() if isinstance(text, str) else text, Snapshot(1, rows), sites=(), site=site, kind=None, now=NOW
    )


def fates(planned: Planned) -> list[str]:
    return [line.fate for line in planned.outcome.lines]


def codes(planned: Planned) -> list[list[str]]:
    return [[fault.code for fault in line.problems] for line in planned.outcome.lines]


def test_the_number_tells_who_is_meant_and_only_what_is_said_changes() -> None:
    stored = _person("r1", "王秀英", external_id="A1", phone="02155550101", home=HOME, card={"doctor": "李"})
    planned = plan("编号,姓名,电话,医生,房号\nA1,,13800138000,,402\n", stored)
    assert fates(planned) == ["update"]
    (row,) = planned.bulk.residents
    assert (row.id, row.new, row.fields.name, row.fields.home) == ("r1", False, "王秀英", HOME)
    assert (row.fields.phone, row.fields.card, row.fields.address) == ("13800138000", {"doctor": "李"}, {"room": "402"})
    changes = [(each.column, each.before, each.after) for each in planned.outcome.lines[0].changes]
    assert changes == [("电话", "02155550101", "13800138000"), ("房号", "", "402")]


def test_what_somebody_asks_to_clear_is_cleared() -> None:
    stored = _person("r1", "甲", external_id="A1", phone="13800138000", address={"room": "1"}, home=HOME)
    (row,) = plan("编号,电话,房号,纬度,经度\nA1,[清空],[clear],[清空],[清空]\n", stored).bulk.residents
    assert (row.fields.phone, row.fields.address, row.fields.home) == (None, {}, None)


def test_the_same_again_is_unchanged_however_it_is_written() -> None:
    stored = _person("r1", "王 芳", external_id="A1", phone="+8613800138000")
    planned = plan("编号,姓名,电话\nA1,王芳,138 0013 8000\n", stored)
    assert fates(planned) == ["unchanged"]


def test_a_number_at_another_site_is_somebody_else() -> None:
    planned = plan("编号,姓名,站点\nA1,乙,南社区\n", _person("r1", "甲", external_id="A1"))
    assert fates(planned) == ["create"]
    assert planned.bulk.residents[0].fields.site == "south"


def test_somebody_of_the_same_name_and_home_is_doubted_and_not_updated() -> None:
    stored = _person("r1", "王芳", address={"building": "3", "room": "402"})
    assert codes(plan("姓名,楼栋,房号\n王 芳,3,402\n", stored)) == [["maybe_same"]]
    assert codes(plan("编号,姓名,楼栋,房号\nA1,王芳,3,402\n", stored)) == [["maybe_same"]]
    assert fates(plan("姓名,楼栋,房号\n王芳,4,402\n", stored)) == ["create"]
    assert fates(plan("系统编号,编号\nr1,A1\n", stored)) == ["update"]
    assert codes(plan("姓名,房号\n丙,1\n丙,1\n丙,2\n")) == [[], ["maybe_same_line"], []]
    assert fates(plan("编号,姓名,房号\n1,丙,1\n2,丙,1\n")) == ["create", "create"]


def test_two_lines_must_not_speak_of_one_person() -> None:
    stored = _person("r1", "甲", external_id="A1")
    assert codes(plan("编号,姓名\nA1,甲\nA1,乙\nB1,丙\nB1,丁\n", stored)) == [[], ["twice"], [], ["twice"]]
    assert codes(plan("系统编号,编号\nr2,A1\n", stored, _person("r2", "乙"))) == [["taken"]]


def test_people_of_one_household_share_it_and_it_is_made_once() -> None:
    planned = plan(
        "编号,姓名,户,房号\n1,甲,3-402,402\n2,乙, 3-402 ,402\n3,丙,老户,1\n",
        Household(id="h", site="north", name="老户"),
    )
    (made,) = planned.bulk.households
    assert (made.fields.name, made.fields.address) == ("3-402", {"room": "402"})
    assert [row.fields.household for row in planned.bulk.residents] == [made.id, made.id, "h"]


def test_a_household_of_a_faulty_line_is_made_by_the_next_good_one() -> None:
    planned = plan("编号,姓名,户,电话\n1,甲,3-402,x\n2,乙,3-402,\n")
    assert fates(planned) == ["faulty", "create"]
    assert [row.id for row in planned.bulk.households] == [planned.bulk.residents[0].fields.household]


def test_a_couple_that_names_one_box_shares_it() -> None:
    planned = plan("编号,姓名,户,设备,设备类型\n1,甲,3-402,box-1,床头盒\n2,乙,3-402,box-1,床头盒\n")
    assert fates(planned) == ["create", "create"]
    assert {(row.id, row.fields.resident, row.fields.household) for row in planned.bulk.devices} == {
        ("box-1", None, planned.bulk.households[0].id)
    }
    assert codes(plan("编号,姓名,手环号\n1,甲,b\n2,乙,b\n")) == [["device_shared"], ["device_shared"]]


def test_a_shared_box_stays_shared_when_one_of_them_names_it() -> None:
    stored = [
        Household(id="h", site="north", name="H"),
        _person("r1", "甲", external_id="1", household="h"),
        _device("box", type="box", household="h"),
    ]
    assert fates(plan("编号,手环号\n1,box\n", *stored)) == ["unchanged"]


def test_a_device_elsewhere_or_out_of_service_is_not_taken() -> None:
    stored = [_device("a", site="south"), _device("b", revoked=True), _device("c", registered=False, site="south")]
    planned = plan("编号,姓名,手环号\n1,甲,a\n2,乙,b\n3,丙,c\n", *stored)
    assert codes(planned) == [["device_taken"], ["device_revoked"], []]
    assert [(row.id, row.new, row.fields.site) for row in planned.bulk.devices] == [("c", True, "north")]


def test_contacts_are_known_by_name_and_phone_before_their_place() -> None:
    stored = [
        _person("r1", "甲", external_id="1"),
        _contact("c1", "r1", "大女儿", "13800138001", 1),
        _contact("c2", "r1", "儿子", "13800138002", 2),
    ]
    header = "编号,联系人1姓名,联系人1电话,联系人2姓名,联系人2电话\n"
    swapped = plan(f"{header}1,儿子,13800138002,大女儿,13800138001\n", *stored)
    assert fates(swapped) == ["unchanged"]
    new_number = plan(f"{header}1,大女儿,13800138009,儿子,13800138002\n", *stored)
    assert [(row.id, row.fields.phone) for row in new_number.bulk.contacts] == [("c1", "13800138009")]
    replaced = plan(f"{header}1,邻居,13800138007,儿子,13800138002\n", *stored)
    assert [(row.id, row.fields.name) for row in replaced.bulk.contacts] == [("c1", "邻居")]
    assert codes(plan(f"{header}1,,13800138007,,\n", stored[0])) == [["contact_incomplete"]]


def test_a_radius_draws_a_zone_around_the_home_and_follows_it() -> None:
    assert codes(plan("编号,姓名,安全区半径\n1,甲,300\n")) == [["home_missing"]]
    assert codes(plan("编号,姓名,纬度\n1,甲,31\n")) == [["half_home"]]
    (made,) = plan("编号,姓名,纬度,经度,安全区半径\n1,甲,31,121,300米\n").bulk.fences
    assert (made.fields.name, made.fields.circle) == ("安全区", Circle(lat=31.0, lon=121.0, radius_m=300.0))
    person = _person("r1", "甲", external_id="1", home=HOME)
    drawn = Fence(
        id="f", site="north", resident="r1", name="安全区", circle=Circle(lat=31.2, lon=121.4, radius_m=300.0)
    )
    assert fates(plan("编号,安全区半径\n1,300\n", person, drawn)) == ["unchanged"]
    (moved,) = plan("编号,纬度,经度,安全区半径\n1,31.3,121.5,300\n", person, drawn).bulk.fences
    assert (moved.id, moved.fields.circle) == ("f", Circle(lat=31.3, lon=121.5, radius_m=300.0))
    by_hand = msgspec.structs.replace(drawn, circle=Circle(lat=30.0, lon=120.0, radius_m=300.0))
    (wider,) = plan("编号,纬度,经度,安全区半径\n1,31.3,121.5,500\n", person, by_hand).bulk.fences
    assert wider.fields.circle == Circle(lat=30.0, lon=120.0, radius_m=500.0)


def test_an_end_belongs_to_an_absence_and_lies_ahead() -> None:
    planned = plan(
        "编号,姓名,状态,截止\n1,甲,外出,2030-07-01\n2,乙,正常,2030-07-01\n3,丙,住院,2020-01-01\n4,丁,去世,\n5,戊,,2030-07-01\n"
    )
    assert codes(planned) == [[], ["until_status"], ["until_past"], [], ["until_status"]]
    first = planned.bulk.residents[0]
    assert first.fields.status == "away"
    assert local(first.fields.until, "Asia/Shanghai") == "2030-07-01 00:00"
    stored = _person("r1", "甲", external_id="1", status="away", until=NOW + 1)
    assert fates(plan("编号,电话\n1,13800138000\n", stored)) == ["update"]
    back = plan("编号,状态\n1,正常\n", stored).bulk.residents[0].fields
    assert (back.status, back.until) == ("active", None)


def test_a_moment_survives_being_written_even_when_the_clock_goes_back() -> None:
    for ms in (NOW, NOW + 1, 1_729_987_200_000, 1_729_990_800_000, 1_729_994_400_000):
        assert ms_of(moment(local(ms, "Europe/Berlin")), "Europe/Berlin") == ms


def test_a_doubtful_number_stands_only_where_it_is_stored_already() -> None:
    assert codes(plan("编号,姓名,电话\n1,甲,2155501234\n")) == [["phone_lost_zero"]]
    assert fates(plan("编号,电话\n1,2155501234\n", _person("r1", "甲", external_id="1", phone="2155501234"))) == [
        "unchanged"
    ]


def test_a_new_resident_needs_a_name_and_a_site() -> None:
    assert codes(plan("编号,电话\n1,13800138000\n")) == [["missing"]]
    assert codes(plan("编号,姓名\n1,甲\n", site=None)) == [["site_missing"]]
    assert fates(plan("编号,姓名\n1,甲\n", site=None, sites=(NORTH,))) == ["create"]
    assert codes(plan("编号,姓名,站点\n1,甲,东社区\n")) == [["site_unknown"]]


def test_contacts_of_their_own_table_find_their_resident_or_say_why_not() -> None:
    stored = [_person("r1", "甲", external_id="1"), _person("r2", "同名"), _person("r3", "同名", address={"room": "2"})]
    planned = plan(
        "长者系统编号,老人编号,老人姓名,联系人姓名,联系人电话\n"
        "r1,,,女,13800138001\n,1,,子,13800138002\n,,甲,邻,13800138003\n,,同名,x,13800138004\n,9,,x,13800138005\n"
        ",,,x,13800138006\n",
        *stored,
    )
    assert codes(planned) == [[], [], [], ["resident_ambiguous"], ["resident_unknown"], ["resident_missing"]]
    assert [(row.fields.resident, row.fields.order) for row in planned.bulk.contacts] == [
        ("r1", 1),
        ("r1", 2),
        ("r1", 3),
    ]


def test_a_zone_needs_one_shape() -> None:
    person = _person("r1", "甲", external_id="1", home=HOME)
    planned = plan(
        "老人编号,区域名称,半径,多边形\n"
        '1,家,200,\n1,园,,"31,121; 31.1,121; 31.1,121.1"\n1,无,,\n1,两,1,"1,1;2,2;3,1"\n',
        person,
    )
    assert codes(planned) == [[], [], ["shape"], ["shape"]]
    assert [row.fields.polygon for row in planned.bulk.fences] == [None, [(31.0, 121.0), (31.1, 121.0), (31.1, 121.1)]]


def test_the_token_stands_for_the_file_and_for_what_would_come_of_it() -> None:
    text = "编号,姓名\n1,甲\n"
    assert plan(text).outcome.token == plan(text).outcome.token
    assert plan(text).outcome.token != plan(text.replace("甲", "乙")).outcome.token
    assert plan(text).outcome.token != plan(text, _person("r1", "甲", external_id="1")).outcome.token


def test_whoever_has_left_wears_nothing_whatever_the_line_still_says() -> None:
    stored = [_person("r1", "甲", external_id="1"), _device("b", resident="r1")]
    planned = plan("编号,状态,手环号\n1,去世,b\n", *stored)
    assert (fates(planned), planned.bulk.devices) == (["update"], [])
    gone = _person("r1", "甲", external_id="1", status="deceased")
    assert fates(plan("编号,状态,手环号\n1,去世,b\n", gone, _device("b"))) == ["unchanged"]
    assert codes(plan("设备编号,老人编号\nb,1\n", gone, _device("b"))) == [["resident_left"]]


def test_the_sample_files_of_the_documentation_are_taken_without_a_fault() -> None:
    samples = sorted((Path(__file__).parents[3] / "docs" / "samples").iterdir())
    assert [sample.name for sample in samples] == ["registry.xlsx", "residents-en.csv", "residents.csv"]
    for sample in samples:
        planned = plan(sample.read_bytes())
        assert set(fates(planned)) == {"create"}, sample.name
        assert [sheet.unknown for sheet in planned.outcome.sheets if sheet.unknown] == []
