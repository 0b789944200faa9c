"""Every number that the detector's judgement rests on, in one frozen place, with unit and reason.

The groups are named tuples of plain numbers so that the compiled kernels take them as they are.
``Parameters.version`` names one set of values; it is part of each alert's evidence.
"""

from __future__ import annotations

import difflib
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from fleet.errors import BadSetting


class ScreenParameters(NamedTuple):
    """When a fix is not believed."""

    top_speed_ms: float = 45.0
    """Metres a second: no bus drives 162 km/h. A longer way since the last fix is a jump, a higher
    reported speed is what a receiver says that has none (255 mph, 999, 6553.5)."""
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
    frozen_m: float = 30.0
    """The same place again is a frozen one when, by the reported speed, the bus moved this far: more
    than devices round to."""
    future_ms: int = 60_000
    """How far ahead of the receipt an event time may lie: clocks of devices err by seconds."""
    moved_m: float = 25.0
    """Metres from the place up to which the way driven is counted that count as more of it: drift of a bus
    that stands comes to less …"""
    moved_accuracies: float = 2.0
    """… or so many times the reported accuracy, where that is more …"""
    moved_standing_m: float = 100.0
    """… and so many where the bus says that it stands: some devices always do."""
    course_m: float = 20.0
    """Metres of displacement that tell the course over ground: well above the noise of a fix."""
    course_ms2: float = 1.5
    """Metres a second below which a reported heading is noise (TheTransitClock trusts it above)."""


class TripParameters(NamedTuple):
    """When a trip is under way."""

    beginning_m: float = 300.0
    """Metres from the line's beginning within which the run along it must start. The way that a bus
    may have driven unseen since its last fix is added."""
    joined_m: float = 150.0
    """Metres driven forward along the line before the trip counts as under way: a bus that only
    crosses the line on its way to the first stop does not drive so far along it."""
    first_stop_m: float = 60.0
    """A bus that came so near to its first stop, the accuracy added, was at it; so was one that may have
    stood there between two fixes, or has waited for two minutes near the line's beginning."""
    joined_midway_m: float = 1_500.0
    """The same for a bus that was not at its first stop, for the way there may lead along the line; and
    for one whose first fix in the window lies on the line already: what it did before was not seen."""
    joined_late_m: float = 3_000.0
    """And for one that was seen elsewhere: so far forward along its line is no way to the first stop. It
    began unnoticed, in a tunnel or between tall buildings."""
    late_ms: int = 180_000
    """That first fix counts only when the window opened this long before, or opens with it. A bus that
    waits beside its line for its window to open is seen sooner."""
    backward_m: float = 60.0
    """Metres of backward chainage that are still noise; more ends the run along the line."""
    ending_m: float = 60.0
    """Metres before the last stop from which the trip has reached its end."""
    terminal_m: float = 300.0
    """Metres beyond a line's end within which a bus turns round or lays over: it is not deviating."""
    early_ms: int = 600_000
    """A bus may leave the first stop so long before its window opens."""
    grace_ms: int = 1_800_000
    """A trip that is not under way so long after its window opened has not begun: the window includes the
    way from the depot …"""
    pace_ms: float = 10.0
    """… nor has one whose line cannot be driven any more in what is left of its window, at so many metres
    a second, stops and lights included."""


class SpeedingParameters(NamedTuple):
    """Speeding: article 35 of 校车安全管理条例; the steps of 记分办法 (2021) articles 8 to 12."""

    tolerance_kmh: float = 5.0
    """Over the limit by more than this opens: receivers err by up to 2 m/s (JT/T 794-2019)."""
    leave_kmh: float = 2.0
    """Over the limit by no more than this closes."""
    min_fixes: int = 3
    min_ms: int = 5_000
    """Both must hold, to open and to close: one bad value is no speeding, one good one no end."""
    sparse_ms: int = 5_000
    """Two fixes suffice when they are this far apart, so that sparse reporting is not blind."""
    single_ms: int = 7_000
    """One fix between two others suffices when the way driven from the one to the other is longer than
    one at the limit, and shows that the bus was faster than at either for at least this long. Where the two
    lie nearer together than twice this, a bus that speeds for so long leaves two fixes over the limit."""
    edge_m: float = 15.0
    """Metres round a fix within which the highest limit counts, or the fix's accuracy where that is more:
    where a lower limit begins, the receiver's error (JT/T 794-2019: 15 m) must not decide."""
    on_line_m: float = 15.0
    """Metres from the line, beside twice the accuracy or the wander, within which its limits count. Farther
    off, within the corridor still, the bus may be on another road that meets the approved one at a
    flat angle. Twice, because a reported accuracy holds two fixes of three, and twice it 19 of 20."""
    crossing_deg: float = 40.0
    """A bus whose course differs by more from the line's is on another road, or drives another pass: it is
    held to the highest cap, and below that its speed says nothing of the line's limit."""
    serious_percent: float = 20.0
    critical_percent: float = 50.0


class DeviationParameters(NamedTuple):
    """Route deviation: article 30 paragraph 2 of 校车安全管理条例."""

    leave_m: float = 0.0
    """Metres from the line beyond which, the accuracy added, a bus has left it; 0: the corridor that
    its approval states."""
    return_m: float = 0.0
    """Metres from the line within which it is back; 0: as ``leave_m``, without the accuracy."""
    unknown_accuracy_m: float = 15.0
    """Taken for a fix that does not report its accuracy (JT/T 794-2019: at most 15 m)."""
    worst_accuracy_m: float = 100.0
    """A fix less accurate than this is no evidence either way."""
    scatter_factor: float = 2.0
    """A bus whose fixes wander across the line while it follows it has a worse receiver, or tall
    buildings round it, than it says: this many times the wander counts as its accuracy …"""
    scatter_ms: int = 60_000
    """… which is learned in about so long …"""
    settle_ms: int = 600_000
    """… and forgotten in about so long, for the next tall building is not far …"""
    scatter_most_m: float = 45.0
    """… and no more metres than this, so that 100 m off a corridor of 50 m is always a deviation."""
    min_fixes: int = 3
    min_ms: int = 2_000
    """Both must hold, to open (farther than corridor plus accuracy) and to close (within it)."""
    sparse_ms: int = 5_000
    """Two fixes suffice when they are this far apart, so that sparse reporting is not blind."""
    plain_factor: float = 1.5
    """Times the accuracy beyond corridor and accuracy that a fix of the run must lie to open so soon …"""
    plain_most_m: float = 25.0
    """… and no more metres than this …"""
    plain_wander: float = 1.4
    """… and so many times as far beyond the corridor as the wander reaches …"""
    near_ms: int = 45_000
    """… for nearer than that a receiver between tall buildings may drift; a bus that stays out there for
    so long has left its line all the same."""
    crossing_deg: float = 50.0
    """A bus within the corridor whose course differs by more from the line's is on a crossing road:
    that ends no deviation."""
    serious_m: float = 200.0
    serious_ms: int = 60_000
    critical_m: float = 500.0
    critical_ms: int = 300_000
    """Beyond either the distance or the time the deviation is serious, or critical."""


class WrongWayParameters(NamedTuple):
    """Wrong way: driving backwards along the approved line."""

    back_m: float = 100.0
    """Metres of falling chainage that open: more than drift, and more than a bus that backs up."""
    against_deg: float = 120.0
    """The course must differ from the line's by more than this, and nowhere so near that drift could put
    the bus there may the line run its way."""
    min_fixes: int = 3
    min_ms: int = 5_000
    sparse_ms: int = 5_000


class StopsSkippedParameters(NamedTuple):
    """A shortcut that leaves out approved stops (articles 14 and 30)."""

    fewest: int = 1
    """Stops left out that open."""
    stop_m: float = 60.0
    """A stop nearer than this to a place where the bus was is not left out; the accuracy is added, or the
    wander across the line."""


class UnapprovedParameters(NamedTuple):
    """Operation without a valid approval, sign, inspection or driver, or out of service (articles 14
    to 23).
    """

    kmh: float = 10.0
    """Moving is faster than this …"""
    moved_m: float = 300.0
    """… and this far from where it began: a yard may be crossed."""
    min_fixes: int = 3
    min_ms: int = 20_000
    sparse_ms: int = 20_000


class OffHoursParameters(NamedTuple):
    """Moving far from the depot outside every window."""

    kmh: float = 10.0
    depot_m: float = 2_000.0
    """Nearer to its depot a bus may be moved at any hour: fuel, workshop, wash."""
    margin_ms: int = 2_700_000
    """Before the first and after the last window of a run of them it may be on its way: 45 minutes."""
    min_fixes: int = 3
    min_ms: int = 60_000
    sparse_ms: int = 60_000


class LongStopParameters(NamedTuple):
    """On a trip, standing away from any stop (article 32)."""

    after_ms: int = 300_000
    """Longer than a traffic light, a level crossing and most queues."""
    radius_m: float = 40.0
    """Standing is not to leave a circle of this radius; the accuracy is added."""
    stop_m: float = 80.0
    """Nearer to a stop of its route than this it may stand; so it may at either end of the line."""
    serious_ms: int = 900_000


class SilentParameters(NamedTuple):
    """No fix from a bus that is on a trip (articles 20 and 21: the device must work)."""

    after_ms: int = 180_000
    serious_ms: int = 600_000
    lag_ms: int = 10_000
    """How far behind the clock silence is judged: fixes on their way are not silence."""


class SubstituteParameters(NamedTuple):
    """Driving a route that is approved for another bus, and not one's own."""

    driven_m: float = 3_000.0
    """Metres along the other line, from near its beginning, that show it …"""
    part: float = 0.8
    """… and this part of its length: routes share their first roads …"""
    served: float = 0.5
    """… and a stand at this part of the stops on the way: an empty bus drives past them."""
    stop_m: float = 60.0
    """Metres from a stop within which a bus stands at it."""


class EpisodeParameters(NamedTuple):
    """What all episodes share."""

    silence_ms: int = 120_000
    """A silence this long ends what is open and forgets what was about to open."""
    update_ms: int = 10_000
    """A higher peak of the same severity is told at most this often."""


class IncidentParameters(NamedTuple):
    """Many buses leaving their routes at one place: a probable closure."""

    buses: int = 3
    """Different buses that make one."""
    radius_m: float = 400.0
    """Where they left their lines, from the place of the first."""
    within_ms: int = 900_000
    """From one bus's leaving to the next one's."""


@dataclass(frozen=True)
class Parameters:
    """One set of values for the whole detector."""

    screen: ScreenParameters = field(default_factory=ScreenParameters)
    trip: TripParameters = field(default_factory=TripParameters)
    speeding: SpeedingParameters = field(default_factory=SpeedingParameters)
    deviation: DeviationParameters = field(default_factory=DeviationParameters)
    wrong_way: WrongWayParameters = field(default_factory=WrongWayParameters)
    stops_skipped: StopsSkippedParameters = field(default_factory=StopsSkippedParameters)
    unapproved: UnapprovedParameters = field(default_factory=UnapprovedParameters)
    off_hours: OffHoursParameters = field(default_factory=OffHoursParameters)
    long_stop: LongStopParameters = field(default_factory=LongStopParameters)
    silent: SilentParameters = field(default_factory=SilentParameters)
    substitute: SubstituteParameters = field(default_factory=SubstituteParameters)
    episode: EpisodeParameters = field(default_factory=EpisodeParameters)
    incident: IncidentParameters = field(default_factory=IncidentParameters)

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits that name these values: equal values, equal version."""
        values = {name: group._asdict() for name, group in self.groups().items()}
        return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()[:12]

    def groups(self) -> dict[str, Any]:
        """The groups by name."""
        return {group.name: getattr(self, group.name) for group in fields(self)}

    def with_settings(self, settings: Mapping[str, float]) -> Parameters:
        """These values with some changed, named as ``deviation.leave_m``.

        Raises ``BadSetting`` for a name that is none, a value below 0 or not finite, and a fraction
        where whole numbers belong.
        """
        groups = self.groups()
        for name, value in settings.items():
            group, _, parameter = name.partition(".")
            if group not in groups or parameter not in groups[group]._fields:
                raise BadSetting(f"{name!r} is no parameter; {_meant(name, groups)}")
            whole = isinstance(getattr(groups[group], parameter), int)
            if not 0 <= value < math.inf or (whole and value != int(value)):
                raise BadSetting(f"{name} = {value:g}: write a {'whole ' if whole else ''}number, 0 or above")
            groups[group] = groups[group]._replace(**{parameter: int(value) if whole else float(value)})
        return Parameters(**groups)


def read_setting(text: str) -> tuple[str, float]:
    """Name and value of ``deviation.leave_m=60``; ``BadSetting`` when it is not so written."""
    name, equals, value = text.partition("=")
    try:
        return name.strip(), float(value if equals else "")
    except ValueError as error:
        raise BadSetting(f"{text!r}: write it as deviation.leave_m=60") from error


def _meant(name: str, groups: Mapping[str, Any]) -> str:
    known = [f"{group}.{parameter}" for group, values in groups.items() for parameter in values._fields]
    near = difflib.get_close_matches(name, known, 3)
    return f"did you mean {' or '.join(near)}?" if near else f"they are {', '.join(known)}"
