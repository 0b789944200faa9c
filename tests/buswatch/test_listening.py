"""Silence is judged by what we listened to: the monitor's own absence raises nothing."""

from __future__ import annotations

from buswatch.listening import CATCH_UP_MS, FIRST_MS, QUIET_MS, RETURN_MS, ListeningClock

T = 1_790_000_000_000
MINUTE = 60_000


def live(clock: ListeningClock, now_ms: int, newest_ms: int) -> None:
    """A batch that comes, is committed at once, and is followed by listening."""
    clock.heard(newest_ms, now_ms)
    clock.listen(now_ms)


def test_before_the_first_connection_it_stands() -> None:
    assert ListeningClock().time_ms(T) is None


def test_with_fixes_coming_it_keeps_up_with_the_wall_but_for_their_delay() -> None:
    clock = ListeningClock()
    clock.connected(T - FIRST_MS)
    live(clock, T + 1_000, T + 800)
    assert clock.time_ms(T + 1_500) == T + 1_300


def test_what_the_broker_kept_for_us_is_gone_through_at_its_own_time() -> None:
    clock = ListeningClock()
    clock.connected(T - FIRST_MS)
    for second in range(5):
        live(clock, T + second, T - 10 * MINUTE + second * 1_000)
    assert clock.time_ms(T + 5) == T - 10 * MINUTE + 4_001


def test_it_stands_while_a_batch_waits_for_the_database() -> None:
    clock = ListeningClock()
    clock.connected(T - FIRST_MS)
    live(clock, T, T)
    clock.heard(T + 1_000, T + 1_000)
    assert clock.time_ms(T + 10 * MINUTE) is None
    clock.listen(T + 10 * MINUTE)
    assert clock.time_ms(T + 10 * MINUTE + 500) == T + 1_500, "what came meanwhile waits at the broker"


def test_after_a_start_buses_have_half_a_minute_to_hand_in_what_they_kept() -> None:
    clock = ListeningClock()
    clock.connected(T)
    live(clock, T + 1, T)
    assert clock.time_ms(T + FIRST_MS - 1) is None
    assert clock.time_ms(T + FIRST_MS) == T + FIRST_MS


def test_when_nothing_comes_for_a_while_nothing_waits_and_it_is_the_wall_clock() -> None:
    clock = ListeningClock()
    clock.connected(T - FIRST_MS)
    clock.listen(T)
    assert clock.time_ms(T + QUIET_MS - 1) is None
    assert clock.time_ms(T + QUIET_MS) == T + QUIET_MS, "a fleet that is silent as a whole is silent"


def test_after_the_broker_was_away_buses_get_as_long_to_come_back() -> None:
    clock = ListeningClock()
    clock.connected(T - FIRST_MS)
    live(clock, T, T)
    clock.lost(T + MINUTE)
    assert clock.time_ms(T + MINUTE) is None
    clock.connected(T + 2 * MINUTE)
    live(clock, T + 2 * MINUTE + 1, T + 2 * MINUTE)
    assert clock.time_ms(T + 3 * MINUTE) is None
    assert clock.time_ms(T + 3 * MINUTE + QUIET_MS) is not None
    clock.lost(T + 10 * MINUTE)
    clock.connected(T + 60 * MINUTE)
    assert clock.time_ms(T + 60 * MINUTE + RETURN_MS) is None
    assert clock.time_ms(T + 60 * MINUTE + RETURN_MS + QUIET_MS) == T + 60 * MINUTE + RETURN_MS + QUIET_MS


def test_it_has_caught_up_when_what_comes_is_new_and_buses_had_time_to_come_back() -> None:
    clock = ListeningClock()
    assert not clock.caught_up(T)
    clock.connected(T)
    end = T + FIRST_MS
    for now_ms in range(T, end + 1, 1_000):
        live(clock, now_ms, now_ms - MINUTE)
        assert not clock.caught_up(now_ms), "what comes is old"
    live(clock, end, end - QUIET_MS)
    assert clock.caught_up(end)
    clock.heard(end, end)
    assert clock.caught_up(end + MINUTE), "a batch that waits for the database changes nothing"
    clock.lost(end + MINUTE)
    assert not clock.caught_up(end + MINUTE)


def test_what_always_comes_late_is_not_waited_for_for_ever() -> None:
    clock = ListeningClock()
    clock.connected(T)
    end = T + FIRST_MS + CATCH_UP_MS
    for now_ms in range(T, end + 1, 1_000):
        live(clock, now_ms, now_ms - MINUTE)
        assert clock.caught_up(now_ms) == (now_ms == end)


def test_where_nothing_comes_nothing_waited() -> None:
    clock = ListeningClock()
    clock.connected(T)
    assert not clock.caught_up(T + QUIET_MS)
    assert clock.caught_up(T + FIRST_MS)


def test_a_fix_from_the_future_does_not_carry_it_ahead() -> None:
    clock = ListeningClock()
    clock.connected(T - FIRST_MS)
    live(clock, T, T + 4 * MINUTE)
    assert clock.time_ms(T) == T
