from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

SKIPPING = """
    import pytest

    def test_that_runs():
        pass

    def test_that_is_left_out():
        pytest.skip("no such machine")
"""
PLUGIN = ("-p", "tests.plugins.no_silent_skips", "-p", "no:cacheprovider")


@pytest.fixture(autouse=True)
def two_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile(SKIPPING)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    # All the others would take most of the time of a run of two tests.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_a_skip_fails_the_run_of_ci_and_is_named(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = pytester.runpytest_subprocess(*PLUGIN)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*1 SKIPPED, and CI=true allows none*", "*test_that_is_left_out: no such machine"])


def test_elsewhere_a_skip_is_named_and_passes(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess(*PLUGIN)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*1 SKIPPED, none of this was tested*", "*test_that_is_left_out: no such machine"])


def test_an_expected_failure_is_no_skip(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    pytester.makepyfile("import pytest\n\n@pytest.mark.xfail\ndef test_known():\n    raise ValueError\n")
    result = pytester.runpytest_subprocess(*PLUGIN)
    assert result.ret == pytest.ExitCode.OK


def test_skips_of_other_processes_are_counted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = pytester.runpytest_subprocess(*PLUGIN, "-p", "xdist", "-n", "1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
