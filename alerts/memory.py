"""What the rules remember, and what they are given: the arrays that the compiled loop works on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.bands import BAND_STATE
from alerts.episodes import RULES
from alerts.trips import RUN
from fleet.parameters import Parameters
from fleet.timetable import Trips
from geofence.beginnings import Beginnings
from geofence.compiled import new_rows, row_dtype
from geofence.corridors import Corridors
from geofence.zones import Areas, Slowed

WAY_POINTS = 24
"""Places remembered of the way that a bus without a trip has come."""

HALTS = 32
"""Places remembered at which it stood on that way, the last ones: a city bus stands two or three times a
kilometre."""

MOST_LINES = 64
"""Lines that may begin near one place; more are not looked at."""

BUS_STATE = row_dtype(
    [
        ("last_ms", np.int64),
        ("lon", np.float64),
        ("lat", np.float64),
        ("x", np.float64),
        ("y", np.float64),
        ("speed_kmh", np.float64),
        ("before_ms", np.int64),
        ("before_x", np.float64),
        ("before_y", np.float64),
        ("before_kmh", np.float64),
        ("driven_m", np.float64),
        ("on_line_x", np.float64),
        ("on_line_y", np.float64),
        ("chainage_m", np.float64),
        ("anchor_ms", np.int64),
        ("anchor_x", np.float64),
        ("anchor_y", np.float64),
        ("anchor_lon", np.float64),
        ("anchor_lat", np.float64),
        ("foreign_end_ms", np.int64),
        ("foreign_line", np.int32),
        ("trip", np.int32),
        ("open_trip", np.int32),
        ("due_trip", np.int32),
        ("active", np.int32),
        ("seen", np.bool_),
        ("single", np.bool_),
        ("has_way", np.bool_),
    ]
)
"""One bus. ``last_ms`` to ``speed_kmh``: its last believed fix; ``before_``: the one before that.
``trip``: row of the trip under way, -1 for none; ``open_trip``: row of its first trip whose window is
not over by its own fixes; ``due_trip``: the same by the clock, behind which fixes may still come.
``active``: bit k for a rule k with a run or an episode. ``driven_m``: metres since it was
last on its line, at ``on_line_x, on_line_y``.
``anchor_``: where it stands, since when. ``foreign_line``: the other bus's line that it drives as a
substitute, -1 for none. ``single``: the last fix was a lone one over every limit near it. ``has_way``:
its row in ``Memory.ways`` holds something. A large fleet is bound by the rows of memory that a fix
touches, so what says that another row need not be looked at stands here."""

WAY_STATE = np.dtype(
    [
        ("kept", np.int64),
        ("step_m", np.float64),
        ("asked_x", np.float64),
        ("asked_y", np.float64),
        ("ms", np.int64, (WAY_POINTS,)),
        ("x", np.float64, (WAY_POINTS,)),
        ("y", np.float64, (WAY_POINTS,)),
        ("lon", np.float64, (WAY_POINTS,)),
        ("lat", np.float64, (WAY_POINTS,)),
        ("halts", np.int64),
        ("halt_ms", np.int64, (HALTS,)),
        ("halt_x", np.float32, (HALTS,)),
        ("halt_y", np.float32, (HALTS,)),
    ],
    align=True,
)
"""The way of a bus without a trip, in points ``step_m`` apart: when full, every other is dropped.
``asked_``: where it was last asked whether that is the way of a line. ``halts``: how often the bus stood on
it; the last ``HALTS`` times are kept, round and round."""


class Memory(NamedTuple):
    """One row a bus, a trip, or a rule and bus."""

    buses: NDArray[np.void]
    """(buses,) of ``BUS_STATE``"""
    runs: NDArray[np.void]
    """(trips,) of ``RUN``"""
    foreign: NDArray[np.void]
    """(buses,) of ``RUN``: the trip of another's route that a bus drives."""
    bands: NDArray[np.void]
    """(rules, buses) of ``BAND_STATE``"""
    ways: NDArray[np.void]
    """(buses,) of ``WAY_STATE``"""
    found: NDArray[np.int64]
    """Room for the lines that begin near one place."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return sum(array.nbytes for array in self)


def new_memory(buses: int) -> Memory:
    """The memory of a fleet that has not reported yet and has no trips."""
    memory = Memory(
        new_rows(buses, BUS_STATE),
        new_rows(0, RUN),
        new_rows(buses, RUN),
        new_rows((len(RULES), buses), BAND_STATE),
        np.zeros(buses, WAY_STATE),
        np.zeros(MOST_LINES, np.int64),
    )
    forget_buses(memory, np.arange(buses, dtype=np.int32))
    return memory


def forget_buses(memory: Memory, rows: NDArray[np.int32]) -> None:
    """Make ``rows`` as if they had never reported; the runs of their trips are not touched."""
    memory.buses[rows] = np.zeros((), BUS_STATE)
    for name in ("trip", "open_trip", "due_trip", "foreign_line"):
        memory.buses[name][rows] = -1
    memory.bands[:, rows] = np.zeros((), BAND_STATE)
    memory.ways[rows] = np.zeros((), WAY_STATE)


TRIP = np.dtype(
    [
        ("start_ms", np.int64),
        ("end_ms", np.int64),
        ("line", np.int32),
        ("assignment", np.int32),
        ("open_ended", np.bool_),
        ("permitted", np.bool_),
    ],
    align=True,
)
"""A trip that is due, see ``fleet.timetable.Trips``; ``permitted``: whether route and driver may run it,
see ``permits``."""


class Duties(NamedTuple):
    """The trips laid out for some days, as the loop takes them; rows are rows of ``Trips``."""

    first: NDArray[np.int32]
    """(buses + 1,) first trip of each bus."""
    trips: NDArray[np.void]
    """(trips,) of ``TRIP``"""
    first_of_line: NDArray[np.int64]
    """(lines + 1,) first entry of each line in ``of_line``."""
    of_line: NDArray[np.int64]
    """(trips,) trips by line, in order of their start."""


def lay_duties(trips: Trips, permitted: NDArray[np.bool_], buses: int, lines: int) -> Duties:
    """``trips`` as rows for the loop."""
    rows = new_rows(len(trips), TRIP)
    rows["start_ms"], rows["end_ms"] = trips.start_ms, trips.end_ms
    rows["line"], rows["assignment"] = trips.approval, trips.assignment
    rows["open_ended"], rows["permitted"] = trips.open_ended, permitted
    order = np.lexsort((trips.start_ms, trips.approval))
    return Duties(
        np.searchsorted(trips.bus, np.arange(buses + 1)).astype(np.int32),
        rows,
        np.searchsorted(trips.approval[order], np.arange(lines + 1)).astype(np.int64),
        order.astype(np.int64),
    )


ON_RECORD = np.dtype([("permitted_until_ms", np.int64), ("depot_x", np.float32), ("depot_y", np.float32)])
"""A bus as it is on record: up to when sign and inspection hold, 0 for one out of service; its depot in
metres, NaN when not known."""


class Facts(NamedTuple):
    """What is on record, packed: lines and areas, and of each bus its permit and depot."""

    corridors: Corridors
    zones: Areas
    weather: Areas
    slowed: Slowed
    beginnings: Beginnings
    parameter_set: NDArray[np.int32]
    """(lines + 1,) the row of each line's numbers in ``Numbers``; the last is the fleet's."""
    buses: NDArray[np.void]
    """(buses,) of ``ON_RECORD``"""


class Numbers(NamedTuple):
    """The parameters of each set that some line has, as rows; see ``fleet.parameters``."""

    trip: NDArray[np.void]
    speeding: NDArray[np.void]
    deviation: NDArray[np.void]
    wrong_way: NDArray[np.void]
    stops_skipped: NDArray[np.void]
    unapproved: NDArray[np.void]
    off_hours: NDArray[np.void]
    long_stop: NDArray[np.void]
    silent: NDArray[np.void]
    substitute: NDArray[np.void]
    episode: NDArray[np.void]


def pack_numbers(sets: list[Parameters]) -> Numbers:
    """The parameters of ``sets``, in their order."""
    packed = []
    for name in Numbers._fields:
        groups = [getattr(parameters, name) for parameters in sets]
        kinds = [np.int64 if isinstance(value, int) else np.float64 for value in groups[0]]
        dtype = np.dtype(list(zip(groups[0]._fields, kinds, strict=True)), align=True)
        packed.append(np.array([tuple(group) for group in groups], dtype))
    return Numbers(*packed)
