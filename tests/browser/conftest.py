"""A real console in a real browser: uvicorn, PostgreSQL, the alarm store, Chromium.

``desk`` is the live list of somebody who is signed in, with sound. Every page must stay free of console errors,
uncaught exceptions and violations of the content security policy; a test that provokes a refusal says so with
``expected``.

All tests of a process share one browser, each with a context of its own (cookies, storage, cache), and so one event
loop: to start a browser takes more than most tests do.
"""

from __future__ import annotations

import asyncio
import inspect
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from dashboards.api import ConsoleServer, create_app
from dashboards.api.access import COOKIE
from dashboards.deps import DemoControl, Deps, MqttInfo
from devices.clock import SystemClock
from gateway.store.accounts import add_account, credentials, hash_password, open_session
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection, pool
from gateway.store.registry import add_contact, add_resident, save_site
from gateway.store.registry_records import ContactFields, Point, Resident, ResidentFields, Site
from tests.browser.wearer import PlayedDemo
from tests.support.places import free_port

CHROMIUM = next((path for path in ("/usr/bin/chromium", shutil.which("chromium"), shutil.which("chromium-browser"),
                                   shutil.which("google-chrome")) if path and Path(path).exists()), None)  # fmt: skip
NEEDLESS = "WebUIOmniboxPopup,WebUIOmniboxAimPopup,MediaRouter,OptimizationHints,PaintHolding"
"""Features of a browser with an address bar: two more pages are loaded for each window, which takes half its time."""
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", f"--disable-features={NEEDLESS}",
]  # fmt: skip
PASSWORD = "a long enough password"
PATIENCE_MS = 30_000

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one loop, that of their browser."""
    for item in items:
        if item.path.parent == Path(__file__).parent and inspect.iscoroutinefunction(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@cache
def password_hash() -> str:
    """A hash of ``PASSWORD``: it is slow on purpose, and one does for all accounts."""
    return hash_password(PASSWORD)


@dataclass
class Console:
    """A running console with one centre, one resident and two people who work there."""

    url: str
    deps: Deps
    store: PostgresAlarmStore
    resident: Resident

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection to its database."""
        async with self.deps.pool.connection() as conn:
            yield conn


@dataclass
class Watched:
    """A page and everything that went wrong on it; ``expected`` are parts of messages that a test provokes."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def unexpected(self) -> list[str]:
        """What should not have happened."""
        return [text for text in self.wrong if not any(part in text for part in self.expected)]


@asynccontextmanager
async def running_console(conninfo: str, demo: DemoControl | None = None) -> AsyncIterator[Console]:
    """Serve a console over a database until the end of the block."""
    async with pool(conninfo, application="console-test") as opened:
        async with opened.connection() as conn:
            for username, name in (("li", "李静"), ("wang", "王强")):
                hashed = password_hash()
                await add_account(conn, username=username, role="admin", password_hash=hashed, display_name=name)
            await save_site(conn, "test", Site(id="riverside", name="河滨社区"), create=True)
            resident = await add_resident(
                conn,
                "test",
                ResidentFields(
                    site="riverside",
                    name="王秀英",
                    home=Point(lat=31.2304, lon=121.4737),
                    phone="02155550101",
                    address={"community": "阳光小区", "building": "3", "room": "402"},
                    card={"illnesses": "高血压", "key_holder": "居委会 老周"},
                ),
            )
            contact = ContactFields(resident=resident.id, name="王小红", phone="13800138000", relation="女儿")
            await add_contact(conn, "test", contact)
        store = PostgresAlarmStore(opened)
        deps = Deps(
            conninfo=conninfo,
            pool=opened,
            alarm_store=store,
            clock=SystemClock(),
            mqtt=MqttInfo(host="127.0.0.1", port=1883),
            demo=demo,
        )
        port = free_port()
        server = ConsoleServer(create_app(deps), host="127.0.0.1", port=port)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(), name="console server")
            while not server.started and not serving.done():  # noqa: ASYNC110 uvicorn has no event to wait for
                await asyncio.sleep(0.02)
            yield Console(f"http://127.0.0.1:{port}", deps, store, resident)
            server.should_exit = True


@pytest_asyncio.fixture(loop_scope="session")
async def console(conninfo: str) -> AsyncIterator[Console]:
    async with running_console(conninfo) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def demo_console(conninfo: str) -> AsyncIterator[Console]:
    async with running_console(conninfo, PlayedDemo()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def watch_tasks(browser: Browser) -> AsyncIterator[None]:
    """What a test leaves behind, beside what keeps the browser going."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"tasks left behind: {sorted(task.get_name() for task in left)}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        await launched.close()


@asynccontextmanager
async def watched_page(
    browser: Browser, console: Console, *, language: str = "zh", width: int = 1280, height: int = 800
) -> AsyncIterator[Watched]:
    """A page of a fresh visitor, who must not meet an error."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN" if language == "zh" else "en-GB",
        base_url=console.url,
    )
    async with context:
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watched = Watched(page)
        page.on("console", lambda message: watched.wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: watched.wrong.append(str(error)))
        yield watched
    assert watched.unexpected() == []


async def sign_in(page: Page, username: str = "li", *, listens: bool = True) -> None:
    """By form and, for whoever listens to alarms, through the sound test, to the live list."""
    await page.goto("/signin")
    await page.fill("#username", username)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    if listens:
        await page.wait_for_url("**/sound")
        await page.click("[data-tone=critical]:visible")
        await page.click("#heard:visible, [data-waiting] a:visible")  # an alarm that is open waits for no answer
    await page.wait_for_selector("html[data-ready]")
    await page.wait_for_selector("[data-component=now]")


def module(name: str) -> str:
    """A script's module of the page that is shown, as a promise in its language."""
    return f"import(new URL('{name}', document.querySelector('script[type=module]').src))"


async def let_in(page: Page, console: Console, username: str = "li") -> None:
    """A session that is open already, before any page is."""
    async with console.connection() as conn:
        known = await credentials(conn, username)
        assert known is not None
        session = await open_session(conn, known.account, console.deps.clock.now_ms())
    await page.context.add_cookies([{"name": COOKIE, "value": session.token, "url": console.url}])


async def take_a_seat(page: Page, console: Console, username: str = "li") -> None:
    """The live list with a session that is open already: the form and the sound test take as long as a test does."""
    await let_in(page, console, username)
    await page.goto("/")
    await page.wait_for_selector("html[data-ready]")
    await page.wait_for_selector("[data-component=now]")
    await page.keyboard.press("Shift")  # browsers allow sound from a key or a click only
    await page.wait_for_selector("html[data-sound=on]")


async def arrived(page: Page, component: str) -> None:
    """Wait until a page that a key or a link leads to has its script: keys before that are nobody's."""
    await page.wait_for_selector(f"[data-component={component}][data-alive]")


async def without_stream(page: Page) -> None:
    """The page anew, as one that hears nothing of what others do until it asks, ten seconds from now."""
    await page.route("**/api/v1/stream*", lambda route: route.abort())
    await page.reload()
    await page.wait_for_selector("html[data-ready]")


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return width


@pytest_asyncio.fixture(loop_scope="session")
async def desk(browser: Browser, console: Console) -> AsyncIterator[Watched]:
    async with watched_page(browser, console) as watched:
        await take_a_seat(watched.page, console)
        yield watched
