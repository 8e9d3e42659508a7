"""Whoever starts the simulator where it cannot run is told what to do."""

from __future__ import annotations

import pytest

from simulator.link import BrokerAddress, Link
from simulator.main import Options, advice_for

OPTIONS = Options(broker=BrokerAddress("127.0.0.1", 1883), site="demo")


@pytest.fixture
def link() -> Link:
    return Link(OPTIONS.broker, "simulator-demo-0")


def test_who_is_let_in_is_left_alone(link: Link) -> None:
    assert advice_for(link, OPTIONS) is None
    link.was_up = 1
    link.trouble = "the network hiccuped"
    assert advice_for(link, OPTIONS) is None


def test_who_never_gets_in_is_told_where_it_was_tried_and_why_it_failed(link: Link) -> None:
    link.trouble = "Connection refused"
    advice = advice_for(link, OPTIONS)
    assert advice is not None
    assert "127.0.0.1:1883 (Connection refused)" in advice
    assert "--broker" in advice


def test_who_is_thrown_out_again_and_again_is_told_of_the_other_simulator(link: Link) -> None:
    link.was_up = 5
    advice = advice_for(link, OPTIONS)
    assert advice is not None
    assert "anxin demo" in advice
    assert "--site" in advice
