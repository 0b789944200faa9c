"""The operator's page: what it shows of a registry can be imported."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec

from fleet.calendar import SchoolCalendar, check_calendar

PAGE = Path(__file__).parents[2] / "docs/operating.md"


class _Shown(msgspec.Struct, forbid_unknown_fields=True):
    calendar: SchoolCalendar


def test_the_school_calendar_on_the_page_is_one() -> None:
    (block,) = re.findall(r'```json\n("calendar": .*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    calendar = msgspec.json.decode("{" + block + "}", type=_Shown).calendar
    check_calendar(calendar)
    assert calendar.weekday_on(date(2026, 10, 7)) is None
    assert calendar.weekday_on(date(2026, 10, 10)) == 3
