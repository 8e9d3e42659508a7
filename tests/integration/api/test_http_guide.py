"""The examples of the guide to HTTP do what the guide says, as they stand, one after the other."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import Final

import msgspec
import pytest

from gateway.store.accounts import add_account, hash_password
from gateway.store.connection import Connection

GUIDE: Final = Path(__file__).parents[3] / "docs" / "http.md"
_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
async def said(conn: Connection, server_url: str) -> list[str]:
    """What each example printed, run in one shell that ends at the first that fails."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: apt-get install curl")
    await add_account(conn, username="admin", role="admin", password_hash=hash_password("secret password"))
    examples = _BLOCK.findall(GUIDE.read_text("utf-8"))
    script = "\necho; echo @@@\n".join(["set -eu", *examples])
    script = script.replace("http://127.0.0.1:8080", server_url).replace(
        "password=secret", "password='secret password'"
    )
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await shell.communicate()
    told = printed.decode()
    assert shell.returncode == 0, told
    return told.split("@@@\n")[1:]


async def test_every_example_of_the_guide_does_what_it_says(said: list[str]) -> None:
    signed_in, by_token, records, checks, alarms, finding, quiet, stream = said
    assert '"username":"admin"' in signed_in
    assert '"role":"duty"' in by_token
    assert '"name":"Li Na"' in records
    assert '"name":"Good morning"' in checks
    assert '"items":' in checks
    assert '{"items":[],' in alarms, "closed, it is active no more"
    assert '"name":"Li Na"' in finding
    assert '"track":' in finding
    assert finding.rstrip().endswith('"left_at":null,"erased_at":null}')
    assert [finding.count('"accompanied_until":null'), finding.count('"accompanied_until":1')] == [2, 1]
    assert '"reason":"a new gateway"' in quiet
    assert '"groups":' in quiet
    events = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    states = [msgspec.json.decode(event)["state"] for event in events]
    assert states == ["open", "acknowledged", "dispatched", "on_scene", "resolved", "closed"]
