"""What is refused over HTTP: a code that stays, its values, the field, English for programs, and words for people."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
import pytest

from dashboards.api.kinds import PATTERNS
from dashboards.web.wording import Wording
from tests.support.console import NOW, Clients

HOUR: Final = 3_600_000
WINDOW: Final = {"from": "08:00", "to": "10:00"}


async def _made(client: httpx.AsyncClient, path: str, **body: Any) -> str:
    response = await client.post(f"/api/v1/{path}", json=body)
    assert response.status_code in (200, 201), response.text
    return str(response.json()["id"])


async def _resident(client: httpx.AsyncClient) -> str:
    return await _made(client, "residents", site="north", name="李奶奶", home={"lat": 31.23, "lon": 121.47})


async def test_a_refusal_carries_its_code_values_field_and_words(client_of: Clients) -> None:
    client = await client_of("manager")
    body = {"resident": await _resident(client), "name": "x", "windows": [WINDOW, {"from": "09:00", "to": "11:00"}]}
    answer = await client.post("/api/v1/plans", json=body)
    told = {
        "detail": "the windows 1 and 2 overlap",
        "code": "plan.windows_overlap",
        "params": {"first": 1, "second": 2},
        "field": "windows.1",
        "message": "第 2 段时间和第 1 段有重叠，请改开始或结束的时间，或错开日子。",
    }
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:anxin:problem:invalid",
        "title": answer.json()["title"],
        "status": 422,
        **told,
        "detail": "/body: the windows 1 and 2 overlap",
        "errors": [{"pointer": "/body", **told}],
    }


async def test_words_are_in_the_language_that_was_asked_for_and_details_in_english(client_of: Clients) -> None:
    client = await client_of("manager")
    spoken = {}
    for language in ("en-GB,en;q=0.9", "zh-CN"):
        answer = await client.post(
            "/api/v1/residents",
            json={"site": "north", "name": "x", "phone": "1"},
            headers={"Accept-Language": language},
        )
        spoken[language[:2]] = answer.json()
    assert spoken["en"]["message"] == "A phone number has 3 to 15 digits."
    assert spoken["zh"]["message"] == "电话号码是 3 到 15 位数字，请核对。"
    assert spoken["en"]["detail"] == spoken["zh"]["detail"] == "/body/phone: a phone number has 3 to 15 digits"


async def test_several_things_are_told_each_at_its_field(client_of: Clients) -> None:
    client = await client_of("manager")
    body = {"name": " ", "phone": "139", "birth_year": "old", "home": {"lat": 131, "lon": 21}, "language": "fr"}
    answer = (await client.post("/api/v1/residents", json=body)).json()
    assert {each["field"]: (each["code"], each["message"]) for each in answer["errors"]} == {
        "site": ("field.missing", "请填写这一项。"),
        "name": ("field.missing", "请填写这一项。"),
        "birth_year": ("field.whole_number", "请填整数。"),
        "home.lat": ("field.at_most", "不能大于 90。"),
        "language": ("field.choice", "请从给出的选项中选一个。"),
    }
    assert (answer["code"], answer["message"]) == ("several", "有 5 处需要修改，请看标出的地方。")


async def test_every_form_is_refused_in_words_for_people(client_of: Clients) -> None:
    client = await client_of("admin", username="liu")
    li = await _resident(client)
    plan = {"resident": li, "name": "早上", "windows": [WINDOW]}
    await _made(client, "plans", **plan)
    await _made(client, "devices", site="north", device="band-1", resident=li)
    shift = {"site": "north", "account": "liu", "from": NOW, "to": NOW + 8 * HOUR}
    await _made(client, "shifts", **shift)
    policy = {"name": "x", "steps": [{"after_s": 0, "who": "band", "how": "sms"}], "from_minute": 60}
    bow = [[31.23, 121.47], [31.24, 121.48], [31.24, 121.47], [31.23, 121.48]]
    refused: list[tuple[str, dict[str, Any], str, str | None]] = [
        ("plans", plan | {"name": "又一个"}, "plan.clashes", "windows"),
        ("plans", plan | {"first_day": "2026-08-02", "last_day": "2026-08-01"}, "plan.ends_first", "last_day"),
        ("plans", plan | {"windows": [{"from": "8", "to": "9:00"}]}, "several", None),
        ("plans", plan | {"resident": "nobody"}, "not_found", None),
        ("shifts", shift, "shift.on_duty_already", "account"),
        ("shifts", shift | {"to": NOW}, "shift.ends_first", "to"),
        ("shifts", shift | {"account": "nobody"}, "account.unknown", "account"),
        ("shifts/copy", {"site": "north", "week": "2026-07-06", "into": "2026-07-06"}, "shift.same_week", "into"),
        ("holidays", {"site": "north", "name": "x", "date": "2026-08-02", "last_date": "2026-08-01"},
         "holiday.length", "last_date"),
        ("fences", {"resident": li, "name": "x"}, "fence.one_shape", None),
        ("fences", {"resident": li, "name": "x", "polygon": bow}, "polygon.crossing", "polygon"),
        ("contacts", {"resident": li, "name": "x", "phone": "1390013900"}, "phone.mobile", "phone"),
        ("policies", policy, "several", None),
        ("policies", {"name": "x", "steps": [{"after_s": -1, "who": "duty", "how": "sms"}]},
         "field.at_least", "steps.0.after_s"),
        ("devices", {"site": "north", "device": "band-1"}, "device.taken", "device"),
        ("devices", {"site": "north", "device": "a b"}, "field.id", "device"),
        ("assignments", {"device": "band-1", "resident": li, "from": NOW - HOUR}, "assignment.worn_since", None),
        ("sites", {"id": "north", "name": "x"}, "site.taken", "id"),
        ("sites", {"id": "east", "name": "x", "timezone": "Mars/Olympus"}, "field.timezone", "timezone"),
        ("staff", {"username": "liu", "role": "duty"}, "account.taken", "username"),
        ("staff", {"username": "wu", "role": "duty", "password": "anxin"}, "password.short", "password"),
        ("staff", {"username": "wu", "role": "duty", "colour": "red"}, "field.unknown", "colour"),
        ("consents", {"resident": li, "purpose": "location", "granted": True, "given_by": "guardian"},
         "consent.guardian", "guardian"),
        ("alarms", {"kind": "sos"}, "report.nobody", None),
        ("devices/band-1/commands", {"name": "message", "args": {"text": ""}}, "command.args", None),
        ("sites/north/maintenance", {"reason": "x", "until": NOW - HOUR}, "maintenance.length", "until"),
        ("tokens", {"name": "x", "role": "duty", "sites": [], "expires_at": 1}, "token.over", "expires_at"),
        (f"residents/{li}/accompanied", {}, "accompanied.until_or_hours", None),
        ("handovers", {"site": "north", "to": "liu"}, "handover.to_oneself", "to"),
    ]  # fmt: skip
    for path, body, code, field in refused:
        answer = await client.post(f"/api/v1/{path}", json=body)
        told = answer.json()
        assert answer.status_code in (400, 409, 422), (path, answer.text)
        assert (told["code"], told.get("field")) == (code, field), (path, told)
        for each in (told, *told.get("errors", [])):
            assert re.search(r"[\u4e00-\u9fff]{3}.*。$", each["message"]), (path, each)
            assert "{" not in each["message"], (path, each)
    steps = (await client.post("/api/v1/policies", json=policy)).json()["errors"]
    assert {each["field"]: each["message"] for each in steps} == {
        "to_minute": "开始和结束要么都填，要么都不填。",
        "steps.0.how": "“手环”不能这样通知：手环只能响铃或显示文字，工作群只能用群消息，其他人用短信或电话。",
    }


async def test_limits_that_contradict_each_other_are_refused_by_their_names(client_of: Clients) -> None:
    client = await client_of("admin")
    body = {"scope": "everyone", "key": "", "values": {"vitals.heart_rate.high_bpm": 45}}
    answer = (await client.put("/api/v1/parameters", json=body)).json()
    names = [Wording("zh").known(f"parameter.vitals.heart_rate.{leaf}", "") for leaf in ("low_bpm", "high_bpm")]
    assert all(names)
    assert answer["code"].startswith("parameter.")
    assert all(name in answer["message"] for name in names), answer["message"]


async def test_who_may_not_is_told_what_they_are_and_what_they_may_not(client_of: Clients) -> None:
    duty = await client_of("duty")
    answer = (await duty.post("/api/v1/plans", json={})).json()
    assert (answer["code"], answer["params"]) == ("role.may_not", {"role": "duty", "deed": "change the registry"})
    assert answer["message"] == "您的账号（值班员）不能修改档案。需要的话请找中心主任。"


@pytest.mark.parametrize(("path", "code"), [("residents/nobody", "not_found"), ("nowhere", "address_unknown")])
async def test_what_is_not_there_is_told_too(client_of: Clients, path: str, code: str) -> None:
    client = await client_of("duty")
    answer = (await client.get(f"/api/v1/{path}")).json()
    assert answer["code"] == code
    assert answer["message"]


async def test_every_pattern_of_a_field_has_words_of_its_own(anonymous: httpx.AsyncClient) -> None:
    described = (await anonymous.get("/api/openapi.json")).text
    found = {
        match.encode().decode("unicode_escape") for match in re.findall(r'"pattern":"((?:[^"\\]|\\.)*)"', described)
    }
    assert found - PATTERNS.keys() == set()
    assert len(found) >= 5
