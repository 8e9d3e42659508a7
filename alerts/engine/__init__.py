"""The performance-critical core: readings in, episodes out, deterministic.

Owns the arrays of state, the detectors and their parameters, the undo journal and the snapshot.
It has no clock, no I/O, no logging, and never sees what people do with its episodes. Import order
matters once: ``anxin.jit_cache.configure`` must run before the first import of this package, so that
numba's file cache belongs to exactly these sources.
"""

from alerts.engine.catalogue import EVIDENCE_FIELDS, PARAMETERS
from alerts.engine.engine import Engine
from alerts.engine.errors import EngineError, IncompatibleSnapshot, KernelFault
from alerts.engine.kept_routines import KeptRoutines, routines_in
from alerts.engine.known import LearnedPlace
from alerts.engine.parameters import ParameterSpec
from alerts.engine.rules import EPISODE_EVENT, EVIDENCE_SLOTS, PUBLIC_NAMES, Rule, Severity, What
from alerts.engine.snapshot_copy import SnapshotCopy

__all__ = [
    "EPISODE_EVENT",
    "EVIDENCE_FIELDS",
    "EVIDENCE_SLOTS",
    "PARAMETERS",
    "PUBLIC_NAMES",
    "Engine",
    "EngineError",
    "IncompatibleSnapshot",
    "KeptRoutines",
    "KernelFault",
    "LearnedPlace",
    "ParameterSpec",
    "Rule",
    "Severity",
    "SnapshotCopy",
    "What",
    "routines_in",
]
