"""A console with something of everything in it, and the address of every page: for tests that walk through all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from alerts.alarm import Alarm
from alerts.checks import WindowTerms
from alerts.policies import Policy, PolicyStep
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.store.commands import queue_command
from gateway.store.connection import Connection
from gateway.store.consents import add_consent
from gateway.store.find_links import make_link
from gateway.store.handovers import offer_handover
from gateway.store.policies import add_policy
from gateway.store.registry import (
    add_device,
    add_fence,
    add_holiday,
    add_household,
    add_plan,
    add_resident,
    add_responder,
    add_shift,
    listing,
)
from gateway.store.registry_records import (
    Circle,
    ConsentFields,
    Contact,
    DeviceFields,
    FenceFields,
    HolidayFields,
    HouseholdFields,
    PlanFields,
    ResidentFields,
    ResponderFields,
    ShiftFields,
)
from gateway.store.requests import add_request
from simulator.motion import fall
from tests.browser.conftest import Console
from tests.browser.cries import cry
from tests.browser.promised import due, overdue
from tests.browser.test_felt import felt
from tests.support.links import told, told_of_several

FELT_AGO_MS = 90_000
ASTRAY = {"distance_outside_m": 60, "accuracy_m": 8, "fixes_outside": 2, "seconds_outside": 30, "dwell_s": 30}

NOT_PAGES = {
    "/alarms/{alarm}/scene",
    "/audit.csv",
    "/catalogue/{language}.json",
    "/console/desks",
    "/console/directory",
    "/console/pulse",
    "/demo/page",
    "/demo/state",
    "/devices/{device}/commands",
    "/devices/{device}/drill",
    "/devices/{key}/repair",
    "/figures/alarms.csv",
    "/figures/{name}.csv",
    "/find/{token}/live",
    "/handovers/banner",
    "/import/template.xlsx",
    "/language/{language}",
    "/maintenance/banner",
    "/people/{resident}/checks",
    "/people/{resident}/life",
    "/people/{resident}/limits",
    "/people/{resident}/looks",
    "/records/{kind}/{key}/history",
    "/report/people",
    "/rules/changes",
    "/signin",
    "/sites/{key}/maintenance",
}
"""What answers a page's parts, a file, or JSON; and the page that is there for who is not signed in."""

Places = dict[str, list[str]]
"""Route → the addresses at which it is looked at."""


async def furnish(console: Console) -> tuple[Places, Places]:
    """Fill a console; where to look at each page, with an account and behind links."""
    store, resident, now = console.store, console.resident, console.deps.clock.now_ms()
    async with console.connection() as conn:
        made = await _records(conn, console, now)
    alarms = await _alarms(console, made["neighbour"], now)
    await felt(console, alarms["fall.motion"], fall(3, rate_hz=50))
    await overdue(console, resident)
    await due(console, made["resident"])
    async with console.connection() as conn:
        kin: dict[str, Any] = msgspec.to_builtins((await listing(conn, Contact, sites=()))[0])
        walk = alarms["wandering.zone_exit"]
        family = await told(store, conn, alarms["sos.button"], kin, "family", now)
        door = await told(store, conn, walk, made["responder"], "neighbour", now)
        group = await told(store, conn, walk, {"phone": "chat:riverside"}, "chat", now)
        several = await told_of_several(store, conn, [alarms["sos.button"], walk], kin, "family", now)
        shared = await make_link(conn, walk.id, person="赵邻居", note="红色羽绒服", by="li", hours=2, now=now)
        await queue_command(conn, device="band-1", name="locate", args={}, by="li", now=now)
    assert isinstance(shared, tuple)
    person = f"/people/{resident.id}"
    return {
        "/sound": ["/sound"],
        "/": ["/"],
        "/alarms": ["/alarms"],
        "/alarms/{alarm}": [f"/alarms/{each}" for each in sorted({alarm.id for alarm in alarms.values()})],
        "/search/{alarm}": [f"/search/{walk.id}"],
        "/report": ["/report"],
        "/checks": ["/checks"],
        "/today": ["/today"],
        "/sheet": ["/sheet"],
        "/figures": ["/figures"],
        "/map": ["/map"],
        "/people": ["/people"],
        "/people/new": ["/people/new"],
        "/people/{resident}": [person],
        "/people/{resident}/edit": [f"{person}/edit"],
        "/people/{resident}/contacts/new": [f"{person}/contacts/new"],
        "/people/{resident}/zones/new": [f"{person}/zones/new"],
        "/people/{resident}/plans/new": [f"{person}/plans/new"],
        "/contacts/{contact}/edit": [f"/contacts/{kin['id']}/edit"],
        "/zones/{fence}/edit": [f"/zones/{made['fence']}/edit"],
        "/plans/{key}/edit": [f"/plans/{made['plan']}/edit"],
        "/devices": ["/devices"],
        "/devices/new": ["/devices/new"],
        "/devices/{device}": ["/devices/band-1"],
        "/requests": ["/requests"],
        "/replies": ["/replies"],
        "/households": ["/households"],
        "/households/new": ["/households/new"],
        "/households/{household}": [f"/households/{made['household']}"],
        "/households/{household}/edit": [f"/households/{made['household']}/edit"],
        "/responders": ["/responders"],
        "/responders/new": ["/responders/new"],
        "/responders/{responder}": [f"/responders/{made['responder']['id']}"],
        "/roster": ["/roster"],
        "/roster/{shift}": [f"/roster/{made['shift']}"],
        "/staff": ["/staff"],
        "/staff/new": ["/staff/new"],
        "/staff/{key}": [f"/staff/{made['colleague']}"],
        "/sites": ["/sites"],
        "/sites/new": ["/sites/new"],
        "/sites/{key}": ["/sites/riverside"],
        "/rules": ["/rules"],
        "/policies": ["/policies"],
        "/policies/new": ["/policies/new"],
        "/policies/{policy}": [f"/policies/{made['policy']}"],
        "/import": ["/import"],
        "/account": ["/account"],
        "/audit": ["/audit"],
    }, {
        "/a/{token}": [f"/a/{token}" for token in (family, door, group, several)] + ["/a/nobody-made-this"],
        "/find/{token}": [f"/find/{shared[1]}"],
    }


async def _records(conn: Connection, console: Console, now: int) -> dict[str, Any]:
    one = console.resident.id
    address = {"community": "阳光小区", "building": "5", "unit": "2", "floor": "1", "room": "101"}
    fields = ResidentFields(site="riverside", name="赵国强", phone="02155550103", birth_year=1941, address=address)
    neighbour = await add_resident(conn, "li", fields)
    household = await add_household(conn, "li", HouseholdFields(site="riverside", name="三号楼四零二", address=address))
    band = DeviceFields(site="riverside", resident=one)
    await add_device(conn, "li", "band-1", band, password_hash=None, now=now - DAY_MS)
    await add_device(conn, "li", "box-1", DeviceFields(site="riverside", type="box"), password_hash=None, now=now)
    for granted in ("location", "health"):
        consent = ConsentFields(resident=one, purpose=granted, granted=True, from_ms=0)
        await add_consent(conn, "li", consent)
    circle = Circle(lat=31.2304, lon=121.4737, radius_m=300)
    fence = await add_fence(conn, "li", FenceFields(resident=one, name="小区", circle=circle))
    windows = (WindowTerms(opens="07:00", closes="09:00"), WindowTerms(opens="18:00", closes="20:00", by="sign"))
    plan = await add_plan(conn, "li", PlanFields(resident=one, name="早晚平安", windows=windows), now=now)
    holiday = HolidayFields(site="riverside", name="国庆节", date=dt.date(2099, 10, 1))
    await add_holiday(conn, "li", holiday, now=now)
    goes = ResponderFields(
        site="riverside", name="赵邻居", phone="13800138001", kind="neighbour", building="3", note="白天在家"
    )
    responder = await add_responder(conn, "li", goes)
    begins = now - now % HOUR_MS
    on_duty = ShiftFields(site="riverside", account="wang", from_ms=begins, to_ms=begins + 8 * HOUR_MS, note="钥匙")
    shift = await add_shift(conn, "li", on_duty)
    night = PolicyStep(after_s=60, who="family", how="sms", nth=1), PolicyStep(after_s=180, who="duty", how="voice")
    policy = Policy(
        id="", site=None, name="夜里的跌倒", applies_to="fall", from_minute=1320, to_minute=360, steps=night
    )  # fmt: skip
    await add_request(conn, "li", site="riverside", resident=one, request="meal", note="少盐", t=now - HOUR_MS)
    await offer_handover(conn, site="riverside", outgoing="wang", incoming="li", note="钥匙在抽屉里", now=now)
    known = await (await conn.execute("select id from account where username = 'wang'")).fetchone()
    assert known is not None
    return {
        "neighbour": neighbour.id, "resident": neighbour, "household": household.id, "fence": fence.id,
        "plan": plan.id, "responder": msgspec.to_builtins(responder), "shift": shift.id, "colleague": known[0],
        "policy": (await add_policy(conn, "li", policy)).id,
    }  # fmt: skip


async def _alarms(console: Console, neighbour: str, now: int) -> dict[str, Alarm]:
    """One of each kind, in the states that the desk meets."""
    other: dict[str, Any] = {"resident": neighbour, "subject": f"resident:{neighbour}", "device": "box-1"}
    fell = {"probability": 0.957, "peak_g": 4.61, "free_fall_ms": 280, "posture_deg": 83, "threshold": 0.5}
    then = now - FELT_AGO_MS
    missed = {"last_sign_ms": now - 20 * HOUR_MS, "expected_by_ms": now - HOUR_MS}
    wanted: list[dict[str, Any]] = [
        {"rule": "sos.button"},
        {"rule": "fall.motion", "event_time": then, "last_event_time": then, "evidence": fell},
        {"rule": "wandering.zone_exit", "severity": "high", "event_time": now - 10 * MINUTE_MS, "evidence": ASTRAY},
        {"rule": "missed_check.checkin", "severity": "medium", "evidence": missed, **other},
        {"rule": "vitals.heart_rate", "severity": "high", "state": "acknowledged", "assignee": "wang", **other},
        {"rule": "device.battery_low", "severity": "low", "late": True, **other},
        {"rule": "system.site_silent", "severity": "high", "resident": None, "device": None,
         "subject": "site:riverside"},
        {"rule": "sos.button", "drill": True, "state": "on_scene", "assignee": "li", "count": 3, **other},
        {"rule": "fall.device", "state": "closed", "outcome": "true_alarm", "severity": "high", "assignee": "li"},
    ]  # fmt: skip
    named: dict[str, Alarm] = {}
    for each in wanted:
        alarm = await cry(console, **each)
        named.setdefault(alarm.rule, alarm)
        named.setdefault(f"{alarm.rule} {alarm.state}", alarm)
    return named


def page_routes(routes: list[BaseRoute]) -> set[str]:
    """The paths of the web's routes that answer GET, whatever they answer."""
    ours = (each for each in routes if isinstance(each, APIRoute) and "GET" in (each.methods or ()))
    return {route.path for route in ours if route.endpoint.__module__.startswith("dashboards.web")}
