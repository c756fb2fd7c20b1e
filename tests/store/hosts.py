"""Processes on hosts of their own, each with a clock that tests move."""

from bot.store.database import StoreDatabase
from bot.store.leases import LeaseTable

LENGTH = 15.0


class Stopwatch:
    """A monotonic clock of one host, which starts anywhere."""

    def __init__(self, start: float) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now


class Host:
    """A process on a host of its own."""

    def __init__(self, database: StoreDatabase, name: str, start: float = 0) -> None:
        self.clock = Stopwatch(start)
        self.leases = LeaseTable(database, name, LENGTH, self.clock)

    def hold(self) -> bool:
        return self.leases.hold("relay")

    def holds(self) -> bool:
        return self.leases.holds("relay")


def wait(seconds: float, *hosts: Host) -> None:
    for host in hosts:
        host.clock.now += seconds
