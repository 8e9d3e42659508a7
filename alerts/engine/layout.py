"""The arrays in which the engine keeps what it knows, as one reading after the other wants them.

A reading of an ordinary day touches one ``DEVICE`` record of 128 bytes and nothing else at random: its first
64 bytes are what readings change, the second what the registry says. Whatever is out of the ordinary about a
device - a fix outside, a low battery, a pulse too fast - is an ``EPISODE`` in a pool, chained to its record
(design rule 13). Times are Unix ms; ``NEVER`` means "not yet", NaN and −1 mean "unknown".
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from devices import wearing
from devices.batch import Records

LAYOUT_VERSION: Final = 10

NEVER: Final = -(1 << 62)
"""A time before every time."""
FOREVER: Final = wearing.FOREVER
"""A time after every time."""
NOBODY: Final = -1
"""Slot of a wearer: the device is not assigned."""
HOUSEHOLD: Final = -2
"""Slot of a wearer: the first household that has a device; the next ones count down from here."""
NONE: Final = -1
"""Row of an episode: there is none."""
WORN: Final = 1
"""``watched``: the device is on a person, its silence is theirs."""
BOX: Final = 2
"""``watched``: it stands in a home and says nothing of a person."""
BUCKET_MS: Final = 10_000
"""``tally``: how long one of its buckets is. Not finer than a site's silence has to be found, assumption."""
LATE_AFTER_MS: Final = 600_000
"""A reading older than this on arrival is late. Source: contract section 1."""

_MOVED = [
    ("mark_position", "i8"),  # newest min(t, received) of the kind
    ("mark_heartbeat", "i8"),
    ("last_sign", "i8"),  # newest sign of life, whoever wore it, NEVER before the first
    ("lat", "f8"),  # newest fix, degrees, whoever wore it; its time is mark_position
    ("lon", "f8"),
    ("accuracy_m", "f4"),
    ("battery_pct", "f4"),  # newest heartbeat
    ("interval_ms", "i4"),  # as last told by a heartbeat, 0 untold
    ("episode", "i4"),  # first of the chain in ``episode``, NONE on an ordinary day
    ("cry", "i4"),  # the chain of presses and falls, which is kept apart: it never ends
    ("charging", "i1"),
    ("worn", "i1"),
    ("out", "i1"),  # trek.HOME, OUT and so on: whether an outing is under way
    ("_spare", "i1"),
]
MOVED: Final[np.dtype[Any]] = np.dtype(_MOVED, align=True)
"""The half of a ``DEVICE`` record that readings change: what the journal keeps."""

DEVICE: Final[np.dtype[Any]] = np.dtype(
    [
        *_MOVED,
        ("worn_from", "i8"),  # the newest of its spans in ``span``, [worn_from, worn_to)
        ("worn_to", "i8"),
        ("disc_lat", "f8"),  # of the wearer
        ("disc_lon", "f8"),
        ("disc_cos", "f4"),
        ("disc_m", "f4"),
        ("wearer", "i4"),  # resident slot, NOBODY, or HOUSEHOLD and below
        ("rules", "i4"),  # row of ``rules``: the parameters in force for the wearer
        ("site_rules", "i4"),  # the same for a device that nobody wears
        ("site", "i4"),  # index into the directory's sites
        ("watched", "i1"),  # 0: its silence is nobody's concern, WORN or BOX
        ("heed", "i1"),  # 1: the wearer's silence stands, so that any reading may end it
        ("walks", "i1"),  # 1: the wearer has zones and is followed
        ("promised", "i1"),  # 1: the wearer may have a promised check that signs of life keep
        ("steps", "i4"),  # running total of the newest heartbeat that told one, -1; readings change it as well
    ],
    align=True,
)

CALM: Final[np.dtype[Any]] = np.dtype([("lat", "f4"), ("lon", "f4"), ("cos", "f4"), ("reach_m", "f4")])
"""The disc of a device in which a fix changes nothing (``calm``): its centre, degrees; the cosine of its latitude; its
radius, negative: there is none."""

EPISODE: Final[np.dtype[Any]] = np.dtype(
    [
        ("opening_t", "i8"),  # with opening_seq: the episode's name, once open
        ("opening_seq", "i8"),
        ("since", "i8"),  # when what it counts began; of a cry: its newest
        ("newest", "i8"),  # when what it counts was last heard
        ("told", "i8"),  # newest evidence that was emitted
        ("far_since", "i8"),  # of those outside a zone: since when they are beyond its edge as well;
        # of those who are lost: since when they are seen out of doors, what was not seen left out
        ("next", "i4"),  # next of the chain, or of the free rows
        ("wearer", "i4"),  # whose cry it is
        ("watched_ms", "i4"),  # of those outside a zone: how long that was seen, at most FOUR_HOURS_MS;
        # of those who are lost: how long they have walked on; of patterns: how many more fixes found laps than not
        ("count", "i2"),  # in a row towards the episode, at most MOST
        ("back", "i2"),  # in a row towards its end, at most MOST
        ("rule", "i1"),
        ("open", "i1"),
        ("far", "i2"),  # beyond the edge in a row, at most MOST; of patterns: the severity that was told
        ("away_m", "f4"),  # of those outside a zone: how far, by their newest fix there
    ],
    align=True,
)
MOST: Final = 10_000
FOUR_HOURS_MS: Final = 14_400_000

RESIDENT: Final[np.dtype[Any]] = np.dtype(
    [
        ("home_lat", "f8"),  # degrees, NaN unknown
        ("home_lon", "f8"),
        ("disc_lat", "f8"),  # centre of a disc inside their zones, radians
        ("disc_lon", "f8"),
        ("disc_cos", "f4"),  # cosine of its latitude, rounded up
        ("disc_m", "f4"),  # its radius, rounded down; negative: there is none
        ("silent_limit_ms", "i8"),  # of the open episode
        ("silent_t", "i8"),  # opening of the episode: the deadline
        ("silent_again", "i8"),  # when the open episode is judged once more, as of what was said last
        ("seen_ms", "i8"),  # when somebody last saw or spoke to them and vouched for them, NEVER
        ("checkin_ms", "i8"),  # newest press of "I am well", NEVER
        ("sign_ms", "i8"),  # newest sign of life while one may keep a promise of theirs, NEVER
        ("missed_t", "i8"),  # end of the check that opened the episode of missed checks
        ("missed_from", "i8"),  # news of them from then on ends it
        ("missed_again", "i8"),  # when it is told again
        ("accompanied", "i8"),  # until then somebody is with them, and no rule of wandering is about them; NEVER
        ("fence_first", "i4"),  # rows of ``fence``: [first, first + count)
        ("fence_count", "i4"),
        ("ward_first", "i4"),  # rows of ``ward``: what they wear, wore or will wear
        ("ward_count", "i4"),
        ("zone", "i4"),  # row of the time zone tables, -1 unknown
        ("rules", "i4"),  # row of ``rules``: the parameters in force for them
        ("site", "i4"),  # index into the directory's sites
        ("check_first", "i4"),  # rows of ``check``: their promised checks, in order of their ends
        ("check_count", "i4"),
        ("house", "i4"),  # row of ``house``, -1: they have no household
        ("routine", "i4"),  # row of ``pulse`` and ``routine``, -1: nothing can be known of them
        ("missed", "i2"),  # so many checks in a row were missed, 0: no episode is open
        ("missed_by", "i1"),  # what would have kept the last of them
        ("active", "i1"),
        ("silent_open", "i1"),
        ("silent_severity", "i1"),
        ("_spare", "i1", (6,)),
    ],
    align=True,
)

BY_BUTTON: Final = 0
"""``CHECK.by``: what keeps a promised check."""
BY_SIGN: Final = 1
BY_CALL: Final = 2
OWED: Final = 0
"""``CHECK.settled``: what has been said of it."""
KEPT: Final = 1
MISSED: Final = 2
"""Its time is over; it may still be kept, late."""
EXCUSED: Final = 3

CHECK: Final[np.dtype[Any]] = np.dtype(
    [
        ("opens", "i8"),
        ("closes", "i8"),
        ("grace", "i8"),  # ms, -1: the parameter
        ("resident", "i4"),  # slot
        ("by", "i1"),
        ("settled", "i1"),
        ("_spare", "i1", (2,)),
    ],
    align=True,
)
"""A promised check."""
CHECKS_AT_MOST: Final = 4
"""So many of them may one reading settle: one of each of so many people of a household whose device it is. Of others,
and of what was missed before, ``advance`` says it. Assumption: more people share no device."""

HOUSE: Final[np.dtype[Any]] = np.dtype(
    [
        ("checkin_ms", "i8"),  # newest press of "I am well" on a device of the household, NEVER
        ("member_first", "i4"),  # rows of ``member``
        ("member_count", "i4"),
    ],
    align=True,
)
"""A household; its row is counted from HOUSEHOLD down."""

SITE: Final[np.dtype[Any]] = np.dtype(
    [
        ("opening_t", "i8"),  # of the open silence
        ("began", "i8"),  # the newest sign of those whom it silenced, NEVER before the first
        ("floor", "i8"),  # whose silence counted by then was silent before
        ("again", "i8"),  # when the open silence is said again
        ("back", "i8"),  # when the last one ended, NEVER
        ("first", "i4"),  # rows of ``site_device``
        ("count", "i4"),
        ("rules", "i4"),  # row of ``rules``: the parameters in force for the site
        ("open", "i1"),
        ("severity", "i1"),
        ("_spare", "i2"),
    ],
    align=True,
)

SPAN: Final[np.dtype[Any]] = np.dtype(
    [("from_ms", "i8"), ("to_ms", "i8"), ("wearer", "i4"), ("_spare", "i4")], align=True
)
"""Whose a device was in [from_ms, to_ms); a device's spans follow each other, the newest first, none overlap."""

FENCE: Final[np.dtype[Any]] = np.dtype(
    [
        ("lat", "f8"),  # centre of a circle, origin of a polygon's plane; radians
        ("lon", "f8"),
        ("cos_lat", "f8"),
        ("sin_lat", "f8"),
        ("radius_m", "f8"),  # of a circle; of a polygon: no corner is further from the origin
        ("depth_m", "f4"),  # of its deepest place, about: nobody need be deeper inside than half of that to be back
        ("vertex_first", "i4"),
        ("vertex_count", "i4"),  # 0: a circle
        ("opens_min", "i2"),  # when it begins to count, minutes after local midnight
        ("lasts_min", "i2"),  # and for how long; 0: it always counts
        ("days", "i1"),  # on which it begins to count, a bit a weekday, 1 for Monday
        ("_spare", "i1", (7,)),
    ],
    align=True,
)


RUN: Final[np.dtype[Any]] = np.dtype([("at", "i8"), ("count", "i4"), ("of", "i4")], align=True)
"""Words that were kept together of one of the arrays with long records (``journal.TREKS`` and so on): ``count`` from
word ``at`` of the array on. None: the device or resident ``at`` has just been given the array's newest row."""


class State(NamedTuple):
    """Everything that a compiled detector reads or changes."""

    device: Records  # shape (n_devices,), DEVICE
    calm: Records  # shape (n_devices,), CALM
    mark_vitals: npt.NDArray[np.int64]  # shape (n_devices,), newest min(t, received) of the kind
    episode: Records  # shape (n_episodes,), EPISODE
    free: npt.NDArray[np.int64]  # shape (2,): the first free row of ``episode`` and how many there are
    spans: npt.NDArray[np.int32]  # shape (n_devices, 2): first row and count in ``span``
    span: Records  # shape (n_spans,), SPAN
    resident: Records  # shape (n_residents,), RESIDENT
    ward: npt.NDArray[np.int32]  # shape (n_wards,), device slots, rising for each resident
    check: Records  # shape (n_checks,), CHECK
    house: Records  # shape (n_households,), HOUSE
    member: npt.NDArray[np.int32]  # shape (n_members,), resident slots, rising for each household
    pulse: Records  # shape (n_routines,), routine.PULSE
    routine: Records  # shape (n_routines,), routine.ROUTINE
    motion_row: npt.NDArray[np.int32]  # shape (n_devices,), row of ``motion``, -1: it never sent any
    motion_used: npt.NDArray[np.int64]  # shape (1,), so many rows of ``motion`` belong to devices, the first ones
    motion: Records  # shape (n_motions,), motion.MOTION
    motion_ring: npt.NDArray[np.int16]  # shape (n_motions, 3 · motion.RING), x, y, z of each cell, mg
    motion_stamp: npt.NDArray[np.int64]  # shape (n_motions,), rises whenever row or ring change
    fall_due: npt.NDArray[np.int64]  # shape (n_motions,), no end of a stream is judged before this, ms
    fall_weights: npt.NDArray[np.float32]  # shape (n,), of the model of falls
    fall_window: npt.NDArray[np.int16]  # shape (fall_model.WINDOW, 3), what is judged; means nothing between two looks
    fall_scratch: npt.NDArray[np.float32]  # shape (fall_model.SCRATCH,), the model's own; means nothing either
    trek_row: npt.NDArray[np.int32]  # shape (n_devices,), row of ``trek``, -1: it never was on its way
    trek_used: npt.NDArray[np.int64]  # shape (1,), so many rows of ``trek`` belong to devices, the first ones
    trek: Records  # shape (n_treks,), trek.TREK
    trek_stamp: npt.NDArray[np.int64]  # shape (n_treks,), rises whenever the row changes
    ways_row: npt.NDArray[np.int32]  # shape (n_residents,), row of ``ways`` and ``places``, -1: never seen out
    ways_used: npt.NDArray[np.int64]  # shape (1,), so many of these rows belong to residents, the first ones
    ways: Records  # shape (n_ways,), ways.WAYS
    places: Records  # shape (n_ways,), places.PLACES
    ways_stamp: npt.NDArray[np.int64]  # shape (n_ways,), rises whenever one of the two changes
    due: npt.NDArray[np.int64]  # shape (n_residents,), no silence of them is judged, first or again, before this, ms
    fault_due: npt.NDArray[np.int64]  # shape (n_devices,), no fault of them is judged before this, ms
    check_due: npt.NDArray[np.int64]  # shape (n_residents,), nothing is said of their checks before this, ms
    site: Records  # shape (n_sites,), SITE
    site_device: npt.NDArray[np.int32]  # shape (n,), slots of what is worn or stands in homes, rising for each site
    site_due: npt.NDArray[np.int64]  # shape (n_sites,), no silence of them is judged before this, ms
    hush: npt.NDArray[np.int8]  # shape (n_sites,), 1: the last look found that it may just be falling silent
    tally: npt.NDArray[np.int64]  # shape (BUCKETS,), where a look counts; means nothing between two looks
    fence: Records  # shape (n_fences,), FENCE
    vertex: npt.NDArray[np.float64]  # shape (n_vertices, 2), metres east and north of the fence's origin
    known_since: npt.NDArray[np.int64]  # shape (1,), nothing that happened before this was heard, ms; NEVER: all was
    zone_at: npt.NDArray[np.int64]  # shape (n_zones, n_steps), from when on, ms; padded with FOREVER
    zone_offset: npt.NDArray[np.int64]  # shape (n_zones, n_steps), local time - UTC, ms
    rules: Records  # shape (n_rows,), catalogue.RULES: row 0 is what is in force where nobody set anything


class Journal(NamedTuple):
    """Records as they were before each change, in order; undone from the end."""

    used: npt.NDArray[np.int64]  # shape (13,): entries used of each kind of record, in the order of what follows
    device_slot: npt.NDArray[np.int32]
    device: Records  # MOVED
    device_steps: npt.NDArray[np.int32]
    vitals_slot: npt.NDArray[np.int32]
    vitals_mark: npt.NDArray[np.int64]
    resident_slot: npt.NDArray[np.int32]
    resident: Records
    episode_row: npt.NDArray[np.int32]
    episode: Records
    episode_free: npt.NDArray[np.int64]  # shape (n, 2), ``free`` before
    check_row: npt.NDArray[np.int32]
    check_settled: npt.NDArray[np.int8]
    house_slot: npt.NDArray[np.int32]
    house_ms: npt.NDArray[np.int64]  # ``checkin_ms`` before
    pulse_row: npt.NDArray[np.int32]
    pulse: Records
    routine_row: npt.NDArray[np.int32]
    routine: Records
    site_row: npt.NDArray[np.int32]
    site: Records
    motion_row: npt.NDArray[np.int32]
    motion_began: npt.NDArray[np.int32]  # the device whose row it became, -1: it was somebody's before
    motion: Records
    ring_row: npt.NDArray[np.int32]  # with the ring, of a length of their own: so many windows of motion
    ring: npt.NDArray[np.int16]
    run: Records  # RUN, of a length of its own as ``word``: what so many fixes change of treks, ways and places
    word: npt.NDArray[np.int64]  # of all runs, one after the other
