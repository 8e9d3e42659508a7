"""Parameters in layers: the nearest setting decides, and what decided once can be told later."""

from __future__ import annotations

from typing import Final

from alerts.catalogue import ParameterSpec
from alerts.layers import Setting, SettingChange, decided_under, in_force, version_of
from devices.registry import Scope

ONE: Final = "rule.one_s"
OTHER: Final = "rule.other_s"
CATALOGUE: Final = {
    name: ParameterSpec(name=name, rule="rule", default=default, low=0, high=100, whole=True, source="")
    for name, default in ((ONE, 10.0), (OTHER, 20.0))
}


def setting(scope: Scope, value: float, version: int, name: str = ONE) -> Setting:
    return Setting(scope=scope, key="", name=name, value=value, version=version, by=None, at=0)


def change(scope: Scope, value: float | None, version: int, at: int, name: str = ONE) -> SettingChange:
    return SettingChange(scope=scope, key="", name=name, value=value, version=version, by=None, at=at)


class TestInForce:
    def test_without_settings_the_defaults_are_in_force_under_version_0(self) -> None:
        values = in_force(CATALOGUE, [])
        assert {name: (each.value, each.layer) for name, each in values.items()} == {
            ONE: (10.0, "default"),
            OTHER: (20.0, "default"),
        }
        assert version_of(values) == 0

    def test_the_nearest_layer_decides_in_whatever_order_it_was_set(self) -> None:
        nearest = setting("resident", 3, version=2)
        values = in_force(CATALOGUE, [nearest, setting("everyone", 1, version=7), setting("site", 2, version=5)])
        assert (values[ONE].value, values[ONE].layer) == (3, "resident")
        assert version_of(values) == 2

    def test_what_the_catalogue_does_not_know_is_nowhere_in_force(self) -> None:
        assert in_force(CATALOGUE, [setting("everyone", 1, 4, name="rule.gone_s")]) == in_force(CATALOGUE, [])


class TestDecidedUnder:
    def test_a_version_tells_the_values_that_were_in_force(self) -> None:
        changes = [change("everyone", 1, 3, at=100), change("resident", 2, 5, at=200), change("everyone", 9, 8, at=300)]
        values = decided_under(CATALOGUE, changes, 3, at=150)
        assert values is not None
        assert values[ONE].value == 1
        values = decided_under(CATALOGUE, changes, 5, at=400)
        assert values is not None
        assert values[ONE].value == 2

    def test_a_version_that_was_in_force_twice_means_the_last_time_before_the_alarm(self) -> None:
        changes = [
            change("everyone", 1, 3, at=100),
            change("resident", 2, 5, at=200, name=OTHER),
            change("everyone", None, 6, at=300),
            change("resident", None, 7, at=400, name=OTHER),
        ]
        early = decided_under(CATALOGUE, changes, 5, at=250)
        late = decided_under(CATALOGUE, changes, 5, at=350)
        assert early is not None
        assert late is not None
        assert (early[ONE].value, late[ONE].value) == (1.0, 10.0)
        defaults = decided_under(CATALOGUE, changes, 0, at=500)
        assert defaults == in_force(CATALOGUE, [])

    def test_clocks_that_differ_do_not_hide_the_values(self) -> None:
        values = decided_under(CATALOGUE, [change("everyone", 1, 3, at=1_000)], 3, at=990)
        assert values is not None
        assert values[ONE].value == 1

    def test_a_version_that_never_was_tells_nothing(self) -> None:
        assert decided_under(CATALOGUE, [change("everyone", 1, 3, at=100)], 4, at=500) is None
