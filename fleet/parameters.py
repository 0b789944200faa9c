"""Every number that the detector's judgement rests on, in one frozen place, with unit and reason.

The groups are named tuples of plain numbers so that the compiled kernels take them as they are.
``Parameters.version`` names one set of values; it is part of each alert's evidence.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import NamedTuple

import msgspec


class ScreenParameters(NamedTuple):
    """When a fix is not believed."""

    top_speed_ms: float = 45.0
    """Metres a second: no bus drives 162 km/h, so a longer way since the last fix is a jump."""
    jump_slack_m: float = 100.0
    """Metres added to that way, so that drift between two quick fixes is no jump."""
    acceleration_ms2: float = 1.5
    """How fast a bus gains speed; bounds what a reported speed may exceed the displacement by."""
    drift_m: float = 6.0
    """Metres by which drift may falsify the displacement between two fixes a few seconds apart."""
    baseline_ms: int = 3_000
    """Displacement is measured over at least this time: over one second it is mostly noise."""
    forget_ms: int = 120_000
    """After a silence this long the displacement says nothing about the speed now."""


class TripParameters(NamedTuple):
    """When a trip is under way."""

    beginning_m: float = 300.0
    """Metres from the line's beginning within which the run along it must start."""
    joined_m: float = 150.0
    """Metres driven forward along the line before the trip counts as under way: a bus that only
    crosses the line on its way to the first stop does not drive so far along it."""
    joined_midway_m: float = 1_500.0
    """The same for a bus whose first fix in the window comes late and lies on the line already: the
    monitor came to a trip that had begun."""
    late_ms: int = 180_000
    """That fix counts as late when the window opened this long before. A bus that waits beside its
    line for its window to open is seen sooner."""
    backward_m: float = 30.0
    """Metres of backward chainage that are still noise; more ends the run along the line."""
    ending_m: float = 60.0
    """Metres before the last stop from which the trip has reached its end."""


class SpeedingParameters(NamedTuple):
    """Speeding: article 35 of 校车安全管理条例; the steps of 记分办法 (2021) articles 8 to 12."""

    tolerance_kmh: float = 5.0
    """Over the limit by more than this opens: receivers err by up to 2 m/s (JT/T 794-2019)."""
    leave_kmh: float = 2.0
    """Over the limit by no more than this closes."""
    min_fixes: int = 3
    min_ms: int = 5_000
    """Both must hold, to open and to close: one bad value is no speeding, one good one no end."""
    sparse_ms: int = 10_000
    """Two fixes suffice when they are this far apart, so that sparse reporting is not blind."""
    edge_m: float = 15.0
    """Metres round a fix within which the highest limit counts: where a lower limit begins, the
    receiver's error (JT/T 794-2019: 15 m) must not decide."""
    on_line_m: float = 15.0
    """Metres from the line, beside twice the fix's accuracy, within which its limits count. Farther
    off, within the corridor still, the bus may be on another road that meets the approved one at a
    flat angle. Twice, because a reported accuracy holds two fixes of three, and twice it 19 of 20."""
    serious_percent: float = 20.0
    critical_percent: float = 50.0


class DeviationParameters(NamedTuple):
    """Route deviation: article 30 paragraph 2 of 校车安全管理条例."""

    unknown_accuracy_m: float = 15.0
    """Taken for a fix that does not report its accuracy (JT/T 794-2019: at most 15 m)."""
    worst_accuracy_m: float = 100.0
    """A fix less accurate than this is no evidence either way."""
    min_fixes: int = 3
    min_ms: int = 5_000
    """Both must hold, to open (farther than corridor plus accuracy) and to close (within it)."""
    sparse_ms: int = 10_000
    """Two fixes suffice when they are this far apart, so that sparse reporting is not blind."""
    serious_m: float = 200.0
    serious_ms: int = 60_000
    critical_m: float = 500.0
    critical_ms: int = 300_000
    """Beyond either the distance or the time the deviation is serious, or critical."""


class EpisodeParameters(NamedTuple):
    """What all episodes share."""

    silence_ms: int = 120_000
    """A silence this long ends what is open and forgets what was about to open."""
    update_ms: int = 10_000
    """A higher peak of the same severity is told at most this often."""


@dataclass(frozen=True)
class Parameters:
    """One set of values for the whole detector."""

    screen: ScreenParameters = field(default_factory=ScreenParameters)
    trip: TripParameters = field(default_factory=TripParameters)
    speeding: SpeedingParameters = field(default_factory=SpeedingParameters)
    deviation: DeviationParameters = field(default_factory=DeviationParameters)
    episode: EpisodeParameters = field(default_factory=EpisodeParameters)

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that name these values: equal values, equal version."""
        values = {name: group._asdict() for name, group in asdict(self).items()}
        return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()[:12]
