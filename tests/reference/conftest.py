"""What the laws by hand are put to."""

from __future__ import annotations

import pytest

from tests.reference.speakers import SPEAKERS, Speaker
from tests.reference.streams import one_of_each


@pytest.fixture(params=SPEAKERS, ids=lambda kind: kind.__name__)
def nobody(request: pytest.FixtureRequest) -> Speaker:
    """A speaker who knows of nobody."""
    speaker: Speaker = request.param()
    return speaker


@pytest.fixture
def speaker(nobody: Speaker) -> Speaker:
    """One who knows a resident with a band and a circle of 300 m about home."""
    for change in one_of_each():
        nobody.apply(change)
    return nobody
