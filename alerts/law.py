"""The articles of 《校车安全管理条例》 (State Council order 617, 2012) that an alert rests upon."""

from __future__ import annotations

from typing import NamedTuple

from alerts.episodes import Alert, Rule

TITLE = "校车安全管理条例"


class Clause(NamedTuple):
    """An article, and the paragraph of it that is meant; None is the whole article."""

    article: int
    paragraph: int | None = None


_PLAN = Clause(14)
"""The permit rests on an operating plan: route, times, stops."""
_APPROVED_ROUTE = Clause(30, 2)

_OF_RULE: dict[Rule, tuple[Clause, ...]] = {
    "deviation": (_APPROVED_ROUTE,),
    "wrong_way": (_APPROVED_ROUTE,),
    "stops_skipped": (_PLAN, _APPROVED_ROUTE),
    "off_hours": (_PLAN,),
    "long_stop": (Clause(32),),
    "silent": (Clause(21),),
    "trip_not_begun": (_PLAN,),
    "substitute": (Clause(16), Clause(17)),
}
_OF_LIMIT: dict[str, Clause] = {
    "legal_cap": Clause(35, 1),
    "posted": Clause(35, 2),
    "school_zone": Clause(35, 2),
    "hazard": Clause(35, 3),
    "weather": Clause(35, 3),
}
_OF_FAULT: dict[str, tuple[Clause, ...]] = {
    "out_of_service": (Clause(22),),
    "sign_expired": (Clause(17),),
    "inspection_expired": (Clause(20),),
    "driver_unqualified": (Clause(25), Clause(26)),
    "route_not_approved": (_PLAN,),
}


def clauses_of(alert: Alert) -> tuple[Clause, ...]:
    """What an alert rests upon: for a speeding by what set the limit, for unapproved operation by what is
    missing, for the others by the rule.
    """
    if alert.rule == "speeding":
        return (_OF_LIMIT[alert.evidence.limit_reason or "legal_cap"],)
    if alert.rule == "unapproved_operation":
        return tuple(sorted({clause for fault in alert.evidence.faults for clause in _OF_FAULT[fault]}))
    return _OF_RULE[alert.rule]
