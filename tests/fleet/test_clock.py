"""Time in whole milliseconds."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.clock import format_time, from_ms, local_day, local_ms, parse_time, to_ms
from fleet.errors import BadInput

SHANGHAI = ZoneInfo("Asia/Shanghai")


@given(st.integers(-(10**12), 10**13))
def test_milliseconds_survive_the_way_through_text(ms: int) -> None:
    assert parse_time(format_time(ms)) == ms
    assert parse_time(format_time(ms, SHANGHAI)) == ms
    assert to_ms(from_ms(ms)) == ms


def test_text_names_its_offset() -> None:
    assert format_time(0) == "1970-01-01T00:00:00.000Z"
    assert format_time(0, SHANGHAI) == "1970-01-01T08:00:00.000+08:00"


@pytest.mark.parametrize("text", ["2026-09-01T07:30:00", "yesterday", ""])
def test_a_time_without_an_offset_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match=r"2026-09-01T07:30:00\+08:00"):
        parse_time(text)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(BadInput, match="no UTC offset"):
        to_ms(datetime(2026, 9, 1))  # noqa: DTZ001


def test_days_are_those_of_the_fleet_s_zone() -> None:
    midnight = local_ms(date(2026, 9, 1), time.min, SHANGHAI)
    assert local_day(midnight, SHANGHAI) == date(2026, 9, 1)
    assert local_day(midnight - 1, SHANGHAI) == date(2026, 8, 31)
