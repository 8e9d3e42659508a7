"""What can go wrong in the engine, by remedy.

EngineError
├── IncompatibleSnapshot   start from an older snapshot, or from the stored readings
└── KernelFault            the state is as at the last commit: disable the detector, process again
"""

from __future__ import annotations

from alerts.engine.rules import Rule


class EngineError(Exception):
    """Root of this package's errors."""


class IncompatibleSnapshot(EngineError):
    """The snapshot was written by another layout, or it is damaged."""


class KernelFault(EngineError):
    """A compiled detector met what must not be; the engine has rolled back to the last commit.

    Attributes:
        detector: the rule to disable; None when the batch itself is broken (no detector is to blame).
        reading: index into the batch's header, -1 in ``advance``.
        status: the ``alerts.engine.outcome.Status`` that it returned.
    """

    def __init__(self, detector: Rule | None, reading: int, status: int) -> None:
        """Keep what the caller needs to go on."""
        super().__init__(f"detector {detector}, reading {reading}, status {status}")
        self.detector = detector
        self.reading = reading
        self.status = status
