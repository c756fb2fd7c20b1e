"""A clock that only tests move: a second forward at each look, unless it is set."""

from datetime import UTC, datetime, timedelta


class SteppingClock:
    """Fills `Clock`."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now
