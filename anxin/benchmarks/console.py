"""``anxin bench console``: how heavy the first page is, and how soon the live list answers with many alarms open."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec
import numpy as np

from alerts.alarm import Alarm, TimelineEntry
from anxin.benchmarks.community import SITE, register
from anxin.benchmarks.stage import HOST, Progress, open_stage
from anxin.embedded.errors import StartError
from anxin.embedded.ports import choose_port
from dashboards.api import ConsoleServer, create_app
from dashboards.deps import Deps, MqttInfo
from devices.clock import SystemClock
from gateway.store.accounts import add_account, hash_password
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import connect, pool

if TYPE_CHECKING:
    from playwright.async_api import Browser, CDPSession, Page

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_ACCOUNT: Final = "bench"
_WINDOW: Final = {"width": 1366, "height": 768}
_RULES: Final = (("sos.button", "critical"), ("fall.device", "critical"), ("wandering.zone_exit", "high"),
                 ("missed_check.silent", "medium"), ("device.battery_low", "low"))  # fmt: skip
_PAUSE_S: Final = 0.12
"""Between two keys: somebody quick."""
_SHOWN: Final = "html[data-ready] [data-live]:not([hidden]), html[data-ready] [data-calm]:not([hidden])"
_MARK: Final = """(() => {
    const look = () => {
        const signs = location.pathname === '/signin';
        if (signs ? document.readyState !== 'complete' : !document.querySelector(`SHOWN`)) return;
        performance.mark('whole');
        observer.disconnect();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { attributes: true, childList: true, subtree: true });
    document.addEventListener('readystatechange', look);
})()""".replace("SHOWN", _SHOWN)
_MARKED: Final = "() => performance.getEntriesByName('whole').length"
_MARKS: Final = """() => ['whole', 'first-contentful-paint']
    .map((name) => performance.getEntriesByName(name)[0]?.startTime ?? 0)"""
_WATCH: Final = """() => {
    window.bench = { events: [], tasks: [], drawn: 0 };
    new PerformanceObserver((list) => {
        for (const each of list.getEntries())
            if (each.interactionId) bench.events.push([each.interactionId, each.duration]);
    }).observe({ type: 'event', durationThreshold: 16 });
    new PerformanceObserver((list) => { for (const each of list.getEntries()) bench.tasks.push(each.duration); })
        .observe({ type: 'longtask' });
    const elementOf = (node) => (node instanceof Element ? node : node.parentElement);
    new MutationObserver((changes) => {
        const told = changes.map((change) => elementOf(change.target)).filter((element) => !element?.closest('time'));
        bench.drawn += new Set(told.map((element) => element?.closest('.alarm-card')).filter(Boolean)).size;
    }).observe(document.querySelector('[data-live]'), { childList: true, characterData: true, subtree: true });
}"""
_COLLECTED: Final = """() => {
    const longest = new Map();
    for (const [id, ms] of bench.events) longest.set(id, Math.max(ms, longest.get(id) ?? 0));
    const found = { slow: [...longest.values()], tasks: bench.tasks, drawn: bench.drawn };
    bench.events = []; bench.tasks = []; bench.drawn = 0;
    return found;
}"""


class FirstPage(msgspec.Struct, frozen=True):
    """A page with an empty cache: ms until the first text and until it is whole, and octets and requests up to then."""

    page: str
    slowdown: int
    octets: int
    requests: int
    first_text_ms: int
    whole_ms: int


class Pressed(msgspec.Struct, frozen=True):
    """One kind of press: ms from the key to the next frame, after the browser's event timing (steps of 8 ms).

    ``long_tasks``: work of more than 50 ms that kept the page from answering meanwhile, and the longest of it.
    ``cards_drawn``: how often a card came to say something else meanwhile.
    """

    what: str
    slowdown: int
    changes_per_s: float
    n: int
    p50_ms: float
    p98_ms: float
    max_ms: float
    long_tasks: int
    longest_task_ms: float
    cards_drawn: int


class Console(msgspec.Struct, frozen=True):
    """What was found with ``open_alarms`` open."""

    open_alarms: int
    pages: list[FirstPage]
    presses: list[Pressed]


@dataclass
class _Desk:
    url: str
    store: PostgresAlarmStore
    password: str
    alarms: list[Alarm]


async def console(
    *, open_alarms: int, slowdowns: Sequence[int], changes_per_s: float, progress: Progress, browser: str | None = None
) -> Console:
    """Measure with a database, the console's server and a browser without a window.

    Raises:
        StartError: There is no browser.
    """
    program = browser or next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise StartError("there is no Chromium: apt-get install chromium, or name one with --browser")
    from playwright.async_api import async_playwright

    pages: list[FirstPage] = []
    presses: list[Pressed] = []
    async with _desk(open_alarms, progress) as desk, async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for slowdown in slowdowns:
            progress(f"first pages, the processor slowed down {slowdown} times")
            pages.append(await _first_page(opened, desk, "sign-in", "/signin", slowdown))
            pages.append(await _first_page(opened, desk, "now, all well", "/", slowdown))
            async with _all_open(desk):
                pages.append(await _first_page(opened, desk, f"now, {open_alarms} open", "/", slowdown))
        for slowdown in slowdowns:
            for rate in (0.0, changes_per_s):
                progress(f"keys, slowed down {slowdown} times, {rate:g} changes a second")
                presses += await _presses(opened, desk, slowdown, rate)
        await opened.close()
    return Console(open_alarms, pages, presses)


@asynccontextmanager
async def _desk(open_alarms: int, progress: Progress) -> AsyncIterator[_Desk]:
    password = secrets.token_urlsafe(12)
    async with open_stage(SITE, progress) as stage, pool(stage.conninfo, application="anxin bench") as connections:
        async with await connect(stage.conninfo, application="anxin bench") as connection:
            await register(connection, [f"{number:05d}" for number in range(open_alarms)])
            await add_account(connection, username=_ACCOUNT, role="admin", password_hash=hash_password(password))
        store = PostgresAlarmStore(connections)
        mqtt = MqttInfo(host=HOST, port=1883)
        deps = Deps(
            conninfo=stage.conninfo, pool=connections, alarm_store=store, clock=SystemClock(), mqtt=mqtt
        )  # fmt: skip
        port = choose_port(HOST, 0, "--port")
        server = ConsoleServer(create_app(deps), host=HOST, port=port)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(), name="console")
            while not server.started and not serving.done():  # noqa: ASYNC110 uvicorn has no event to wait for
                await asyncio.sleep(0.02)
            yield _Desk(f"http://{HOST}:{port}", store, password, [_alarm(number) for number in range(open_alarms)])
            server.should_exit = True


def _alarm(number: int) -> Alarm:
    rule, severity = _RULES[number % len(_RULES)]
    resident, now = f"wearer-of-{number:05d}", SystemClock().now_ms()
    return msgspec.convert(
        {
            "id": str(uuid4()), "case": str(uuid4()), "kind": rule.partition(".")[0], "rule": rule,
            "severity": severity,
            "state": "open", "version": 1, "site": SITE, "resident": resident, "household": None,
            "device": f"{number:05d}", "subject": f"resident:{resident}", "event_time": now, "last_event_time": now,
            "raised_at": now, "timeline": [TimelineEntry(t=now, actor="engine", event="opened")],
        },
        Alarm,
        from_attributes=True,
    )  # fmt: skip


@asynccontextmanager
async def _all_open(desk: _Desk) -> AsyncIterator[None]:
    """All alarms open anew, until the end of the block."""
    desk.alarms = [msgspec.structs.replace(each, id=uuid4(), case=uuid4()) for each in desk.alarms]
    for alarm in desk.alarms:
        async with desk.store.transaction() as work:
            await work.insert(alarm)
    yield
    for alarm in desk.alarms:
        async with desk.store.transaction() as work:
            before = await work.lock(alarm.id)
            assert before is not None
            await work.save(msgspec.structs.replace(before, state="cancelled", version=before.version + 1))


async def _first_page(browser: Browser, desk: _Desk, name: str, path: str, slowdown: int) -> FirstPage:
    """One page with an empty cache."""
    context = await browser.new_context(viewport=_WINDOW, base_url=desk.url, locale="zh-CN")  # type: ignore[arg-type]
    async with context:
        if path == "/":
            await _sign_in(await context.new_page(), desk)
        page = await context.new_page()
        await page.add_init_script(_MARK)
        protocol = await context.new_cdp_session(page)
        weight = await _weighed(protocol)
        await protocol.send("Network.setCacheDisabled", {"cacheDisabled": True})
        await protocol.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        await page.goto(path)
        await page.wait_for_function(_MARKED)
        whole, text = await page.evaluate(_MARKS)
    began = min(at for at, _ in weight)
    needed = [octets for at, octets in weight if octets and (at - began) * 1000 <= whole]
    return FirstPage(name, slowdown, sum(needed), len(needed), round(text), round(whole))


async def _weighed(protocol: CDPSession) -> list[tuple[float, int]]:
    """When each request had ended (s), and its octets over the wire; growing, the beginning first."""
    weight: list[tuple[float, int]] = []

    def began(event: dict[str, Any]) -> None:
        if not weight:
            weight.append((event["timestamp"], 0))

    def finished(event: dict[str, Any]) -> None:
        weight.append((event["timestamp"], round(event["encodedDataLength"])))

    protocol.on("Network.requestWillBeSent", began)
    protocol.on("Network.loadingFinished", finished)
    await protocol.send("Network.enable")
    return weight


async def _sign_in(page: Page, desk: _Desk) -> None:
    await page.goto("/signin")
    await page.fill("#username", _ACCOUNT)
    await page.fill("#password", desk.password)
    await page.press("#password", "Enter")
    await page.wait_for_url("**/sound")


async def _presses(browser: Browser, desk: _Desk, slowdown: int, changes_per_s: float) -> list[Pressed]:
    """All alarms open anew, then keys one after the other, while so many alarms a second change."""
    context = await browser.new_context(viewport=_WINDOW, base_url=desk.url, locale="zh-CN")  # type: ignore[arg-type]
    async with _all_open(desk), context:
        page = await context.new_page()
        await _sign_in(page, desk)
        await page.goto("/")
        await page.wait_for_selector(_SHOWN)
        protocol = await context.new_cdp_session(page)
        await protocol.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        await page.evaluate(_WATCH)
        found = []
        async with asyncio.TaskGroup() as tasks:
            changing = tasks.create_task(_change(desk, changes_per_s), name="changes")
            for what, keys in (("down", "j" * 40), ("up", "k" * 20), ("take", "a" * 30), ("mute", "m" * 10)):
                await page.evaluate(_COLLECTED)
                for key in keys:
                    await page.keyboard.press(key)
                    await asyncio.sleep(_PAUSE_S)
                await asyncio.sleep(1)
                found.append(_summed(what, slowdown, changes_per_s, len(keys), await page.evaluate(_COLLECTED)))
            changing.cancel()
    return found


async def _change(desk: _Desk, per_s: float) -> None:
    """New evidence for one alarm after the other, from the least urgent on."""
    while per_s:
        for alarm in reversed(desk.alarms):
            async with desk.store.transaction() as work:
                before = await work.lock(alarm.id)
                assert before is not None
                await work.save(msgspec.structs.replace(before, count=before.count + 1, version=before.version + 1))
            await asyncio.sleep(1 / per_s)


def _summed(what: str, slowdown: int, changes_per_s: float, n: int, found: dict[str, Any]) -> Pressed:
    """Presses too quick for event timing (below 16 ms) count as 8 ms."""
    waited = [*found["slow"], *[8.0] * (n - len(found["slow"]))]
    p50, p98 = np.percentile(waited, [50, 98])
    tasks = found["tasks"]
    return Pressed(
        what, slowdown, changes_per_s, n, round(float(p50), 1), round(float(p98), 1), max(waited),
        len(tasks), max(tasks, default=0.0), found["drawn"],
    )  # fmt: skip
