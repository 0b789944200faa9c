"""A silence that is found before all that waited for us has come is told only if it is one in the end."""

from __future__ import annotations

import msgspec

from alerts.episodes import Alert, Change, Rule
from buswatch.withholding import WithheldSilences
from tests.storage.records import alert

T = 1_790_000_000_000
ROWS = {"B1": 0, "B2": 1}


def silence(bus_id: str, started_ms: int = T, rule: Rule = "silent") -> Alert:
    return msgspec.structs.replace(
        alert(bus_id, started_ms), rule=rule, alert_id=f"{bus_id}-{rule}-{started_ms}"
    )


def life(episode: Alert) -> list[Change]:
    return [Change("opened", T, episode), Change("ended", T + 1, episode)]


def test_once_we_have_caught_up_all_is_told() -> None:
    withheld = WithheldSilences(ROWS)
    assert withheld.sift(life(silence("B1")), caught_up=True) == tuple(life(silence("B1")))
    assert not withheld


def test_before_no_change_of_a_silence_that_is_new_is_told_and_every_other_is() -> None:
    withheld = WithheldSilences(ROWS)
    other = life(silence("B1", rule="deviation"))
    assert withheld.sift(life(silence("B1")) + other, caught_up=False) == tuple(other)
    known = Change("ended", T, silence("B2"))
    assert withheld.sift([known], caught_up=False) == (known,), "it was told before we were away"


def test_one_that_is_withheld_stays_so_until_it_is_released() -> None:
    withheld = WithheldSilences(ROWS)
    opened, ended = life(silence("B1"))
    withheld.sift([opened], caught_up=False)
    assert withheld.sift([ended], caught_up=True) == ()
    withheld.release()
    assert withheld.sift([opened, ended], caught_up=True) == (opened, ended)


def test_each_bus_is_judged_anew_from_the_first_of_its_silences() -> None:
    withheld = WithheldSilences(ROWS)
    for episode in (silence("B2", T + 5), silence("B2", T), silence("B1", T + 9)):
        withheld.sift(life(episode), caught_up=False)
    assert withheld.release() == {1: T, 0: T + 9}
    assert not withheld
    assert withheld.release() == {}
