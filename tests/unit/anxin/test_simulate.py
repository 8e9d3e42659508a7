from __future__ import annotations

from click.testing import CliRunner

from anxin.cli.simulate import simulate
from simulator.scenarios import SCENARIOS


def test_the_help_of_the_simulator_lists_every_scenario_and_says_what_happens_in_it() -> None:
    shown = " ".join(CliRunner().invoke(simulate, ["--help"]).output.split())
    for name, course in SCENARIOS.items():
        said = str(course.__doc__).splitlines()[0]
        assert f"{name} {said}" in shown


def test_an_unknown_scenario_is_refused_with_the_names_of_the_known() -> None:
    outcome = CliRunner().invoke(simulate, ["--broker", "127.0.0.1:1", "--scenario", "calm"])
    assert outcome.exit_code == 1
    assert "wandering" in outcome.output
