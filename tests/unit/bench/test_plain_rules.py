"""What the engine is compared with follows the same rules, and the bench's readings make both of them work."""

from __future__ import annotations

from collections import Counter

import numpy as np

from alerts.engine import Engine, Rule, What
from bench import mixture
from bench.memory_limit import hot_records, read_and_write
from bench.plain import PlainRules, messages_of

RESIDENTS = 300
OF_WAYS = (Rule.WANDERING_NIGHT_EXIT, Rule.WANDERING_PATTERN, Rule.WANDERING_LOST)
"""What judges ways takes more than plain rules that one would write in an afternoon."""


def _both(readings: int) -> tuple[Counter[tuple[str, str, str, int]], Counter[tuple[str, str, str, int]]]:
    changes = list(mixture.registry(RESIDENTS, 0.0))
    engine, rules = Engine(), PlainRules(changes)
    engine.apply(changes)
    compiled: Counter[tuple[str, str, str, int]] = Counter()
    plain: Counter[tuple[str, str, str, int]] = Counter()
    for window in mixture.windows(mixture.mixed(RESIDENTS, readings, seed=5)):
        now = int(window.header["received"][-1])
        for event in engine.process(window, now):
            if event["rule"] in OF_WAYS:
                continue
            rule, what = Rule(int(event["rule"])).public_name, What(int(event["what"])).name.lower()
            compiled[rule, what, f"d{event['device']}", int(event["t"])] += 1
        engine.commit()
        plain.update(rules.process(messages_of(window), now))
    known = {rule.public_name for rule in Rule}
    return compiled, Counter({event: count for event, count in plain.items() if event[0] in known})


def test_plain_rules_say_of_mixed_readings_what_the_engine_says() -> None:
    compiled, plain = _both(60_000)
    assert compiled == plain


def test_mixed_readings_let_the_rules_of_readings_fire() -> None:
    compiled, _ = _both(60_000)
    opened = {rule for rule, what, _, _ in compiled if what == "opened"}
    assert {"sos.button", "fall.device", "wandering.zone_exit", "device.battery_low"} <= opened


def test_a_shifted_stream_is_new_to_every_device() -> None:
    batch = mixture.mixed(RESIDENTS, 5_000, seed=5)
    newest = batch.header["received"].max()
    mixture.shift(batch, mixture.span_ms(batch))
    assert batch.header["received"].min() > newest


def test_the_memory_kernel_reads_and_writes_the_record_of_every_reading() -> None:
    header = mixture.mixed(RESIDENTS, 2_000, seed=5).header
    records = hot_records(RESIDENTS, 128)
    assert read_and_write(records, header) > 0
    newest = np.ones(RESIDENTS, np.int64)
    np.maximum.at(newest, header["device"], header["t"])
    assert (records[:, :12] == newest[:, None]).all()
    assert (records[:, 12:] == 1).all()
