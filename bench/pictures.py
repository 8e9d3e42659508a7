"""A page to draw figures on; matplotlib is an extra (``anxin[plot]``), imported when a page is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_SIZE: Final = (9.0, 4.5)
_DOTS_PER_INCH: Final = 120


def page() -> tuple[Any, Any]:
    """A figure and its axes, which need no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def kept(figure: Any, axes: Any, path: Path) -> Path:
    """Store the page with its grid and, where something is named, its legend; returns where."""
    axes.grid(visible=True, alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    figure.savefig(path, dpi=_DOTS_PER_INCH)
    return path
