"""Figures over HTTP and as tables: who may see and set what, and that a spreadsheet can open what is taken out."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from dashboards.deps import Deps
from gateway.store.connection import Connection
from gateway.store.registry import add_resident
from gateway.store.registry_records import ResidentFields
from tests.support.console import NOW, Clients, Desk

FIGURES = "/api/v1/figures"
DAY_MS = 86_400_000


@pytest.fixture
def desk(deps: Deps) -> Desk:
    return Desk(deps.alarm_store)  # type: ignore[arg-type]


async def _all(client: AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(FIGURES, params=query)
    assert answer.status_code == 200
    return next(each for each in answer.json()["groups"] if (each["site"], each["rule"]) == (None, None))


async def test_an_account_counts_its_own_sites(client_of: Clients, desk: Desk) -> None:
    await desk.raise_alarm("north")
    await desk.raise_alarm("north", drill=True)
    await desk.raise_alarm("south")
    everywhere, north = await client_of("manager"), await client_of("duty", ("north",))
    assert (await _all(everywhere))["alarms"] == 0, "now itself is not in the period"
    later = {"to": NOW + 1}
    assert (await _all(everywhere, **later))["alarms"] == 2
    assert (await _all(everywhere, site="south", **later))["alarms"] == 1
    assert (await _all(north, **later))["alarms"] == 1
    assert (await north.get(FIGURES, params={"site": "south"})).status_code == 404
    answer = (await north.get(FIGURES, params=later)).json()
    assert (answer["drills"], [each["id"] for each in answer["sites"]]) == (1, ["north"])


@pytest.mark.parametrize(
    "query", [{"from": NOW, "to": NOW}, {"from": NOW, "to": NOW - 1}, {"from": NOW - 367 * DAY_MS}, {"from": "soon"}]
)
async def test_a_period_is_a_year_at_most(client_of: Clients, query: dict[str, Any]) -> None:
    client = await client_of()
    assert (await client.get(FIGURES, params=query)).status_code == 422


async def test_targets_are_set_by_whoever_runs_the_centre(client_of: Clients) -> None:
    wanted = {"within_60_pct": 90, "within_180_pct": 95}
    url = f"{FIGURES}/targets"
    manager, local = await client_of("manager"), await client_of("manager", ("north",))
    assert (await (await client_of("supervisor")).put(url, json=wanted)).status_code == 403
    assert (await local.put(url, json=wanted)).status_code == 403
    assert (await local.put(url, json={**wanted, "site": "south"})).status_code == 404
    assert (await manager.put(url, json={**wanted, "within_60_pct": 101})).status_code == 422
    assert (await local.put(url, json={**wanted, "site": "north"})).status_code == 200
    targets = (await manager.get(FIGURES)).json()["targets"]
    assert [(each["site"], each["within_60_pct"]) for each in targets] == [("", 97.5), ("north", 90)]


async def test_every_table_opens_in_a_spreadsheet_and_computes_nothing(
    client_of: Clients, conn: Connection, desk: Desk
) -> None:
    resident = await add_resident(conn, "test", ResidentFields(site="north", name='=HYPERLINK("x")'))
    await desk.raise_alarm("north", resident=resident.id, raised_at=NOW - DAY_MS)
    await desk.raise_alarm("north", resident=resident.id, rule="fall.device", raised_at=NOW - DAY_MS, drill=True)
    client = await client_of("manager")
    for name in ("rules", "sites", "days", "hours", "people", "alarms"):
        answer = await client.get(f"/figures/{name}.csv", params={"days": 7})
        assert answer.status_code == 200, name
        assert answer.content.startswith(b"\xef\xbb\xbf"), name
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len({len(row) for row in rows}) == 1, name
        assert not any(cell[:1] in set("=+-@\t\r") and not cell[1:2].isdigit() for row in rows for cell in row), name
        if name in ("people", "alarms"):
            assert any("'=HYPERLINK" in cell for row in rows for cell in row), name
        assert len(rows) == {"rules": 3, "days": 8, "hours": 25, "people": 2, "alarms": 3}.get(name, len(rows)), name


async def test_the_list_of_alarms_leaves_the_house_with_the_office_alone(client_of: Clients) -> None:
    for role, status in (("duty", 403), ("responder", 403), ("supervisor", 200), ("auditor", 200)):
        assert (await (await client_of(role)).get("/figures/alarms.csv")).status_code == status, role


async def test_a_page_of_nothing_says_so_and_dates_out_of_order_are_refused(client_of: Clients) -> None:
    client = await client_of("manager")
    page = await client.get("/figures")
    assert "这段时间没有警报" in page.text or "There was no alarm in this period" in page.text
    assert (await client.get("/figures?first=2026-02-02&last=2026-02-01")).status_code == 422
    assert (await client.get("/figures?days=13")).status_code == 422
    assert (await client.get("/figures?first=soon")).status_code == 422


async def test_the_list_is_whole_though_it_is_read_in_pages(
    client_of: Clients, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.alarm_rows.AT_ONCE", 3)
    alarms = [await desk.raise_alarm("north", raised_at=NOW - DAY_MS + n // 4) for n in range(9)]
    answer = await (await client_of("manager")).get("/figures/alarms.csv", params={"days": 7})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]
    assert [row[0] for row in rows] == [str(each.id) for each in sorted(alarms, key=lambda a: (a.raised_at, a.id))]
    assert msgspec.json.encode(rows)
