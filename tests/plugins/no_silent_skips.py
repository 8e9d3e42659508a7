"""A skipped test is named at the end; where ``CI=true``, it fails the run.

Loaded by ``scripts/test`` with ``-p``. ``ANXIN_NOT_INSTALLED`` names the programs that could not be installed.
"""

from __future__ import annotations

import os
from typing import Final

import pytest


class NoSilentSkips:
    """Remembers what was skipped in the whole run, over all processes of pytest-xdist."""

    def __init__(self, *, strict: bool, not_installed: str) -> None:
        self._strict: Final = strict
        self._not_installed: Final = not_installed
        self._skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(f"{report.nodeid}: {reason(report)}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(f"{report.nodeid}: {reason(report)}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._strict and self._skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._not_installed:
            terminalreporter.write_line(f"NOT INSTALLED, so not tested: {self._not_installed}", red=True)
        if self._skipped:
            verdict = "and CI=true allows none" if self._strict else "none of this was tested"
            terminalreporter.write_sep("=", f"{len(self._skipped)} SKIPPED, {verdict}", red=True, bold=True)
            for line in sorted(set(self._skipped)):
                terminalreporter.write_line(line, red=True)


def reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped, in the words of its author."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)


def pytest_configure(config: pytest.Config) -> None:
    """Register in the controlling process only: it sees the reports of all the others."""
    if not hasattr(config, "workerinput"):
        plugin = NoSilentSkips(
            strict=os.environ.get("CI") == "true", not_installed=os.environ.get("ANXIN_NOT_INSTALLED", "")
        )
        config.pluginmanager.register(plugin, "anxin-no-silent-skips")
