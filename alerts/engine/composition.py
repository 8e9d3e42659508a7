"""One compiled function out of an ordered list of them.

A call from compiled code to a compiled function that is known when it is compiled can be woven into its caller;
a list of functions looked up at run time cannot. So the list is written out, as source, when it is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from alerts.engine.compiled import gate

Step = Callable[..., int]


def in_order(steps: Sequence[Step], arguments: str) -> Step:
    """A function that calls one compiled step after the other and hands on what the last one returned.

    Args:
        steps: compiled functions; each takes ``arguments``, of which the last is the number of events so far,
            and returns that number after it.
        arguments: the names of their arguments, separated by commas.
    """
    last = arguments.rpartition(",")[2].strip()
    lines = [f"def run({arguments}):", *(f"    {last} = step{i}({arguments})" for i in range(len(steps)))]
    lines += [f"    return {last}"]
    names: dict[str, Any] = {f"step{i}": step for i, step in enumerate(steps)}
    exec(compile("\n".join(lines), "<detectors in their order>", "exec"), names)  # noqa: S102 - our own lines
    run: Step = gate(names["run"])
    return run
