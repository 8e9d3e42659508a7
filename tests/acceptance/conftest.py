"""One running house for the tests that kill its parts: each registers a centre of its own and leaves all running."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.house import House
from tests.support.places import service_folder
from tests.support.system import running_up
from tests.support.watchdog import Watchdog, running_watchdog


@pytest.fixture(scope="session")
def watchdog() -> Iterator[Watchdog]:
    """Whom the house tells that all is well."""
    with running_watchdog() as server:
        yield server


@pytest.fixture(scope="session")
def house(watchdog: Watchdog) -> Iterator[House]:
    env = {"ANXIN_WATCHDOG__URL": watchdog.url}
    with service_folder() as path, running_up(path / "data", env=env) as system, House(system) as house:
        yield house


@pytest.fixture
def data_dir(service_path: Path) -> Path:
    return service_path / "data"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, float], None]:
    """Keeps a figure in the report (``--junitxml``); nothing passes or fails by it."""

    def keep(name: str, figure: float) -> None:
        request.node.user_properties.append((name, round(figure, 2)))

    return keep
