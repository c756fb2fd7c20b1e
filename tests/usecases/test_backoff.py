"""Tries with growing pauses."""

from datetime import timedelta

from bot.usecases.resets.backoff import Backoff
from tests.builders import NOW


def tries(backoff: Backoff, seconds: int, name: str = "a") -> list[int]:
    """Return the seconds at which something is tried by somebody who asks every second."""
    return [second for second in range(seconds) if backoff.is_due(name, NOW + timedelta(seconds=second))]


def test_the_first_try_is_at_once_and_each_pause_is_twice_as_long() -> None:
    assert tries(Backoff(), 63) == [0, 2, 6, 14, 30, 62]


def test_no_pause_is_longer_than_five_minutes() -> None:
    at = tries(Backoff(), 3600)

    assert at[-1] - at[-2] == 300


def test_things_do_not_wait_for_each_other() -> None:
    backoff = Backoff()

    assert tries(backoff, 1, "a") == tries(backoff, 1, "b") == [0]


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    backoff = Backoff()
    tries(backoff, 60)

    assert backoff.is_due("a", NOW - timedelta(hours=1))


def test_what_is_settled_is_forgotten() -> None:
    backoff = Backoff()
    tries(backoff, 60)
    backoff.is_due("b", NOW + timedelta(hours=1))

    assert backoff.is_due("a", NOW + timedelta(hours=1))
    assert not backoff.is_due("a", NOW + timedelta(hours=1, seconds=1))
    assert backoff.is_due("a", NOW + timedelta(hours=1, seconds=2))
