"""The contract of the leases, on every engine: one holder at most, whatever the clocks of the hosts say."""

import threading

import pytest

from bot.dbapi import Timeouts
from bot.store import Store
from bot.usecases.ports.store import StoreError
from tests.store.conftest import Opener, Outside
from tests.store.hosts import LENGTH, Host, wait


@pytest.fixture
def hosts(store: Store) -> tuple[Host, Host]:
    return Host(store.database, "one", 5000), Host(store.database, "two", 3)


def test_a_free_lease_is_taken_and_kept_by_its_beat(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    assert not one.holds()

    assert one.hold()
    for _ in range(9):
        wait(LENGTH / 3, one, two)
        assert one.hold()
        assert not two.hold()

    assert one.holds()
    assert not two.holds()


def test_a_silent_holder_is_replaced_after_the_length_that_the_other_has_watched(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.hold()
    wait(LENGTH * 5, one, two)

    assert not two.hold(), "it has only just begun to watch"
    wait(LENGTH - 0.1, two)
    assert not two.hold()
    wait(0.1, two)
    assert two.hold()
    assert two.holds()


def test_leases_of_a_prefix_are_alive_while_they_are_kept_and_removed_when_they_are_not(
    store: Store, hosts: tuple[Host, Host]
) -> None:
    one, two = hosts
    one.leases.hold("rules a")
    two.leases.hold("rules b")
    two.leases.hold("another")

    seen = [two.leases.alive("rules ")]
    for _ in range(4):
        wait(LENGTH / 3, one, two)
        two.leases.hold("rules b")
        seen.append(two.leases.alive("rules "))

    assert seen[:3] == [{"rules a", "rules b"}] * 3
    assert seen[3:] == [{"rules b"}] * 2
    assert one.leases.alive("rules ") == {"rules b"}
    assert store.leases.hold("rules a"), "it was removed"


def test_a_beat_starts_the_watch_again(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.hold()
    two.hold()
    wait(LENGTH - 1, one, two)
    one.hold()
    wait(LENGTH - 1, one, two)

    assert not two.hold()
    wait(LENGTH, two)
    assert two.hold()


def test_a_holder_that_slept_too_long_knows_it_at_once_and_hears_it_at_its_next_beat(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.hold()
    two.hold()
    wait(LENGTH, one, two)
    assert not one.holds()

    assert two.hold()

    assert not one.hold()
    assert not one.holds()
    assert two.holds()


def test_a_holder_that_slept_while_nobody_watched_goes_on(hosts: tuple[Host, Host]) -> None:
    one, _ = hosts
    one.hold()
    wait(LENGTH * 9, one)
    assert not one.holds()

    assert one.hold()
    assert one.holds()


def test_a_lease_that_was_given_up_is_free_at_once(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.hold()
    assert not two.hold()

    one.leases.release("relay")

    assert not one.holds()
    assert two.hold()


def test_giving_up_what_another_holds_changes_nothing(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.hold()

    two.leases.release("relay")

    assert not two.hold()
    assert one.hold()


def test_leases_of_different_names_have_nothing_to_do_with_each_other(hosts: tuple[Host, Host]) -> None:
    one, two = hosts

    assert one.leases.hold("relay")
    assert two.leases.hold("Relay")
    assert not one.leases.hold("Relay")


@pytest.mark.parametrize("free", [True, False])
def test_of_many_that_may_take_a_lease_exactly_one_gets_it(store: Store, opened: Opener, *, free: bool) -> None:
    hosts = [Host(opened(f"host {number}").database, f"host {number}") for number in range(6)]
    if not free:
        assert Host(store.database, "dead").hold()
        assert not any(host.hold() for host in hosts)
        wait(LENGTH, *hosts)
    together, taken = threading.Barrier(len(hosts)), []

    def take(host: Host) -> None:
        together.wait()
        if host.hold():
            taken.append(host)

    threads = [threading.Thread(target=take, args=(host,)) for host in hosts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == 1
    assert [host.holds() for host in hosts].count(True) == 1


def test_a_holder_that_cannot_reach_the_store_stops_by_its_own_clock(opened: Opener, outside: Outside) -> None:
    host = Host(opened("one", Timeouts(query=1)).database, "one")
    host.hold()
    wait(LENGTH / 3, host)

    def beat() -> None:
        with pytest.raises(StoreError):
            host.hold()

    outside.hold(lambda connection: connection.execute("UPDATE dbo.lease SET beat = beat"), beat)

    assert host.holds()
    wait(LENGTH * 2 / 3, host)
    assert not host.holds()
