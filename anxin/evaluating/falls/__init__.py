"""``fall.motion`` over recordings of falls and of daily life: what it finds, what it misses, what it takes for a fall.

Owns reading the recordings (``recordings``), what makes them worse on purpose (``alterations``), the windows that a
band would have sent (``windows``), the run through the engine (``run``), training with people left out (``folds``,
``models``, ``evaluation``), the figures with their intervals (``people``, ``measures``, ``figures``), and telling them
(``text``, ``plots``).
"""
