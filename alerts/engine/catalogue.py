"""What the detectors bring along, in one place: all parameters, the kernels' table of them, the names of evidence."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from alerts.engine.detectors import DETECTORS
from alerts.engine.parameters import ParameterSpec
from alerts.engine.rules import Rule
from devices.batch import Records

PARAMETERS: Final[dict[str, ParameterSpec]] = {
    spec.name: spec for detector in DETECTORS for spec in detector.PARAMETERS
}
"""All parameters by name, for example ``wandering.zone_exit.dwell_s``."""

EVIDENCE_FIELDS: Final[dict[Rule, tuple[str, ...]]] = {detector.RULE: detector.EVIDENCE for detector in DETECTORS}
"""The names of ``values``, with their units; positions move into the alarm's ``position``."""

RULES: Final[np.dtype[Any]] = np.dtype(
    [("version", np.dtype(np.int64)), *(spec.column for spec in PARAMETERS.values())], align=True
)
"""A row of parameters, as the kernels read them; ``version``: of the newest that somebody set, 0 when nobody did."""


def _defaults() -> Records:
    row = np.zeros(1, RULES)
    for spec in PARAMETERS.values():
        row[spec.field] = spec.stored(spec.default)
    return row


DEFAULTS: Final[Records] = _defaults()
"""Shape (1,), RULES: what is in force where nobody set anything."""
