"""A file is planned in a process of its own: the same outcome, and nothing of it is left."""

from __future__ import annotations

import msgspec
import psutil
import pytest

from dashboards import planning_apart
from dashboards.exchange import Unreadable, plan_file
from dashboards.planning_apart import plan_apart
from gateway.store.registry_bulk import KINDS, Snapshot
from gateway.store.registry_records import Site
from tests.support.roster import roster

NOW = 1_750_000_000_000
KNOWN = Snapshot(7, {kind: [] for kind in KINDS} | {Site: [msgspec.json.encode(Site(id="north", name="N")).decode()]})


async def test_planned_apart_is_planned_the_same() -> None:
    data = roster(50, 5).csv()
    here = plan_file(data, KNOWN, sites=(), site=None, kind=None, now=NOW)
    apart = await plan_apart(data, KNOWN, sites=(), site=None, kind=None, now=NOW, refused={})
    assert apart.outcome == here.outcome
    assert (apart.version, len(apart.bulk.residents)) == (7, len(here.bulk.residents))
    assert [row.fields.home for row in apart.bulk.residents] == [row.fields.home for row in here.bulk.residents]
    assert [row.fields.circle for row in apart.bulk.fences] == [row.fields.circle for row in here.bulk.fences]


async def test_what_cannot_be_read_is_refused_for_the_same_reason() -> None:
    with pytest.raises(Unreadable) as caught:
        await plan_apart(b"a;b", KNOWN, sites=(), site=None, kind=None, now=NOW, refused={})
    assert (caught.value.code, caught.value.params["encoding"]) == ("no_headers", "utf-8")


async def test_a_file_that_takes_too_long_is_given_up_and_its_process_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning_apart, "AT_MOST_S", 0)
    with pytest.raises(Unreadable) as caught:
        await plan_apart(roster(50, 0).csv(), KNOWN, sites=(), site=None, kind=None, now=NOW, refused={})
    assert caught.value.code == "took_too_long"
    left = [child for child in psutil.Process().children() if planning_apart.__name__ in " ".join(child.cmdline())]
    assert left == []
