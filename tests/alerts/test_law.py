"""Every alert names the articles that it rests upon."""

from typing import get_args

import msgspec
import pytest

from alerts.episodes import RULES, Rule
from alerts.law import clauses_of
from fleet.registry import LimitReason
from tests.storage.records import alert

FAULTS = ("out_of_service", "sign_expired", "inspection_expired", "driver_unqualified", "route_not_approved")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_rests_upon_an_article(rule: Rule) -> None:
    evidence = msgspec.structs.replace(alert().evidence, faults=FAULTS)
    clauses = clauses_of(alert(rule=rule, evidence=evidence))
    assert clauses
    assert list(clauses) == sorted(clauses, key=lambda clause: (clause.article, clause.paragraph or 0))


@pytest.mark.parametrize("reason", get_args(LimitReason))
def test_a_speeding_rests_upon_what_set_its_limit(reason: LimitReason) -> None:
    evidence = msgspec.structs.replace(alert().evidence, limit_reason=reason)
    (clause,) = clauses_of(alert(evidence=evidence))
    paragraph = {"legal_cap": 1, "posted": 2, "school_zone": 2, "hazard": 3, "weather": 3}
    assert clause == (35, paragraph[reason])


@pytest.mark.parametrize("fault", FAULTS)
def test_unapproved_operation_rests_upon_what_is_missing(fault: str) -> None:
    evidence = msgspec.structs.replace(alert().evidence, faults=(fault,))
    assert clauses_of(alert(rule="unapproved_operation", evidence=evidence))


def test_a_deviation_rests_upon_the_approved_route() -> None:
    assert clauses_of(alert(rule="deviation")) == ((30, 2),)
