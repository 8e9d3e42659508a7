"""The load of a desk as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.desk.month import Load


def lines(load: Load) -> Iterator[str]:
    """What the desk heard, by rule, cause and hour; a day, per 1,000 residents."""
    yield (
        f"{load.residents:,} residents, {load.days} days, seed {load.seed}, {load.world} world, {load.desk} desk: "
        f"{load.readings:,} readings in {load.seconds:.0f} s"
    )
    for name, value in load.parameters.items():
        yield f"with {name} = {value:g}"
    yield ""
    yield "a day, per 1,000 residents:"
    yield f"{load.sounding_per_day:8.2f}  sounding beside SOS (worst day {load.worst_day:g})"
    yield f"{load.night_per_day:8.2f}  of them from 22:00 to 06:00"
    yield f"{load.again_per_day:8.2f}  of them no alarm of their own: worse, open again, following another"
    yield f"{load.sos_per_day:8.2f}  SOS"
    yield from _listed("sounding, by rule and why it really came", load.by_cause)
    yield from _listed("sounding at night, by rule", load.by_rule_at_night)
    yield from _listed("raised without a sound", load.silent_per_day)
    yield ""
    yield f"{'sounding, by hour':28}" + "".join(f"{hour:>6}" for hour in range(24))
    for rule, hours in load.by_hour.items():
        yield f"{rule:28}" + "".join(f"{count:6.2f}" for count in hours)


def _listed(title: str, counts: Mapping[str, float]) -> Iterator[str]:
    yield ""
    yield f"{title}:"
    for name, count in counts.items():
        yield f"{count:8.2f}  {name}"
