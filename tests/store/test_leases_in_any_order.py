"""Whatever the order of beats, sleeps and releases, and whatever the clocks say: never two holders."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.store.database import StoreDatabase
from bot.store.migrations import migrate
from tests.store.hosts import LENGTH, Host, wait


class AnyOrder(RuleBasedStateMachine):
    """Three hosts, clocks that disagree, any order of beats, sleeps and releases: never two holders."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.database = StoreDatabase(f"sqlite:///{Path(self.folder.name) / 'store.db'}")
        migrate(self.database)
        self.hosts = [Host(self.database, f"host {number}", start=number * 1e6) for number in range(3)]

    @rule(host=st.integers(0, 2))
    def beat(self, host: int) -> None:
        self.hosts[host].hold()

    @rule(host=st.integers(0, 2))
    def give_up(self, host: int) -> None:
        self.hosts[host].leases.release("relay")

    @rule(seconds=st.sampled_from([0.5, LENGTH / 3, LENGTH - 0.5, LENGTH, LENGTH * 3]))
    def time_passes(self, seconds: float) -> None:
        wait(seconds, *self.hosts)

    @invariant()
    def at_most_one_holds(self) -> None:
        assert [host.holds() for host in getattr(self, "hosts", [])].count(True) <= 1

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
