"""The laws of the store hold on the embedded PostgreSQL and on the oldest one that somebody may bring."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.own_postgres import running_own_postgres
from tests.support.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session", params=["embedded", "oldest"])
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    if request.param == "embedded":
        with running_postgres(durable=False) as server:
            yield server
        return
    with running_own_postgres() as server:
        server.prepare_template()
        yield server
