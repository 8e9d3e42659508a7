"""``anxin backtest`` as somebody types it."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from anxin.cli import main
from tests.support.community import one
from tests.support.history import MINUTE, SECOND, History

HOUR = 60 * MINUTE
FROM, TO = "2025-06-15T23:00", "2025-06-16T02:00"
"""Local to Shanghai; PAST is 23:06:40 there."""
PATIENCE_S = 60


@pytest.fixture
def walked(conninfo: str, history: History) -> str:
    for device in ("b0", "b1", "b2"):
        history.beats(device, 0, 2 * HOUR)
    history.walk("b0", 10 * MINUTE, 60)
    history.press("b1", 90 * MINUTE)
    asyncio.run(history.store())
    return conninfo


def _anxin(conninfo: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["backtest", "--database", conninfo, *arguments])


def test_the_answer_is_read_by_people_and_by_programs(walked: str) -> None:
    told = _anxin(walked, "--from", FROM, "--to", TO, "--set", "wandering.zone_exit.fixes=2")
    assert told.exit_code == 0, told.output
    assert "2025-06-15 23:00:00+08:00 to 2025-06-16 02:00:00+08:00" in told.stdout
    assert "set: wandering.zone_exit.fixes = 2 (default 2)" in told.stdout
    counts = {line.split()[0]: line.split()[-3:] for line in told.stdout.splitlines() if line.endswith("+0")}
    assert counts["alarms"] == ["2", "2", "+0"]
    assert counts["wandering.zone_exit"] == ["1", "1", "+0"]
    assert counts["2025-06-15"] == ["1", "1", "+0"]
    as_json = _anxin(walked, "--from", FROM, "--to", TO, "--json")
    report = json.loads(as_json.stdout)
    assert report["comparison"]["totals"]["alarms"] == {"as_was": 2, "as_set": 2}
    assert report["comparison"]["live"] == {"raised": 0, "same": 0, "missing": 0, "other": 2}
    assert report["timezone"] == "Asia/Shanghai"


def test_only_a_sites_own_alarms_are_counted(walked: str) -> None:
    here = json.loads(_anxin(walked, "--from", FROM, "--to", TO, "--json", "--site", "s1").stdout)
    assert (here["site"], here["comparison"]["totals"]["alarms"]["as_was"]) == ("s1", 2)
    nowhere = _anxin(walked, "--from", FROM, "--site", "s2")
    assert (nowhere.exit_code, "there is no site 's2'; sites are s1" in nowhere.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "wandering.zone_exit.dwel_s=3"], "wandering.zone_exit.dwell_s ("),
        (["--set", "wandering.zone_exit.dwell_s=-1"], "out of range"),
        (["--from", "15.6.2025"], "is no date"),
        (["--to", "2025-06-14"], "--to must lie after --from"),
        (["--from", "2024-01-01", "--to", "2024-01-02"], "nothing is stored of that time"),
    ],
)
def test_what_cannot_be_run_ends_with_its_reason_in_words(walked: str, arguments: list[str], words: str) -> None:
    answer = _anxin(walked, *(["--from", FROM, "--to", TO, *arguments]))
    assert (answer.exit_code, words in answer.stderr, answer.stdout) == (1, True, ""), answer.output


def test_nothing_is_written(walked: str) -> None:
    def stored() -> str:
        counts = "(select count(*) from alarm), (select max(version) from registry_change), (select count(*) from sos)"
        return str(one(walked, f"select row({counts})::text"))

    before = stored()
    assert _anxin(walked, "--from", FROM, "--to", TO).exit_code == 0
    assert stored() == before


def test_whoever_waits_sees_how_far_it_is_and_may_give_up(conninfo: str, history: History, tmp_path: Path) -> None:
    for device, offset in (("b0", 0), ("b1", 7), ("b2", 13)):
        history.beats(device, offset * SECOND, 24 * HOUR, every=20 * SECOND)
    asyncio.run(history.store())
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "anxin", "backtest", "--database", conninfo, "--from", "2025-06-15"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path) as running:
        os.close(theirs)
        seen = b""
        end = time.monotonic() + PATIENCE_S
        while b"/s" not in seen and time.monotonic() < end:
            seen += os.read(terminal, 4096)
        running.send_signal(signal.SIGINT)
        try:
            while chunk := os.read(terminal, 4096):
                seen += chunk
        except OSError:
            pass  # how a terminal says that nobody writes to it any more
        os.close(terminal)
        assert running.stdout is not None
        assert running.stdout.read() == b""
    assert running.returncode == 1
    text = seen.decode()
    assert "readings" in text
    assert "Traceback" not in text
    assert text.rstrip().endswith("Aborted!")
    query = "select count(*) from pg_stat_activity where application_name = 'anxin backtest'"
    assert one(conninfo, query) == 0
