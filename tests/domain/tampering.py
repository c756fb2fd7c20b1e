"""A chain of entries, and every way in which somebody with SQL might tamper with it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.domain.ledger import GENESIS, JSON, Draft, Entry, hash_of, moment_text, seal

START = datetime(2026, 3, 9, 7, 30, tzinfo=UTC)
LENGTH = 9

Change = Callable[[list[Entry]], None]


def chain(length: int = LENGTH) -> list[Entry]:
    entries: list[Entry] = []
    for sequence in range(1, length + 1):
        facts: dict[str, JSON] = {"row": sequence}
        draft = Draft(f"stream {sequence % 2}", None, "looked up", "U000000ADA", "T0CONTOSO", facts)
        previous = entries[-1].hash if entries else GENESIS.hash
        moment = moment_text(START + timedelta(seconds=sequence))
        entries.append(seal(draft, sequence, moment, (sequence + 1) // 2, previous))
    return entries


def resealed(entry: Entry) -> Entry:
    return entry._replace(hash=hash_of(entry))


def numbered(entries: list[Entry]) -> None:
    """Hide gaps and doubles: give the rows the numbers of their places, as somebody with SQL would."""
    entries[:] = [entry._replace(sequence=place) for place, entry in enumerate(entries, start=1)]


def forged(entries: list[Entry], place: int) -> Entry:
    """Make an entry that fits at a place as far as what stands before it."""
    previous = entries[place - 2].hash if place > 1 else GENESIS.hash
    return seal(Draft("forged", 1, "approved", "U0MALLORY", "T0CONTOSO", {}), place, moment_text(START), 1, previous)


def alter(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = entries[place - 1]._replace(actor_user="U0MALLORY")

    return change


def alter_and_reseal(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = resealed(entries[place - 1]._replace(actor_user="U0MALLORY"))

    return change


def unlink_and_reseal(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = resealed(entries[place - 1]._replace(previous_hash="f" * 64))

    return change


def remove(place: int, count: int = 1) -> Change:
    def change(entries: list[Entry]) -> None:
        del entries[place - 1 : place - 1 + count]

    return change


def remove_and_number(place: int, count: int = 1) -> Change:
    def change(entries: list[Entry]) -> None:
        remove(place, count)(entries)
        numbered(entries)

    return change


def insert_fitting(place: int, count: int = 1) -> Change:
    def change(entries: list[Entry]) -> None:
        for offset in range(count):
            entries.insert(place - 1 + offset, forged(entries, place + offset))
        numbered(entries)

    return change


def insert_loose(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, resealed(forged(entries, place)._replace(previous_hash="e" * 64, sequence=77)))
        numbered(entries)

    return change


def insert_unsealed(place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, forged(entries, place)._replace(hash="d" * 64))
        numbered(entries)

    return change


def insert_copy(of: int, place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, entries[of - 1])
        numbered(entries)

    return change


def swap(one: int, other: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[one - 1], entries[other - 1] = entries[other - 1], entries[one - 1]
        numbered(entries)

    return change


def move(start: int, end: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(end - 1, entries.pop(start - 1))
        numbered(entries)

    return change


def swap_lines(one: int, other: int) -> Change:
    """Exchange two lines of an export, which keep their numbers."""

    def change(entries: list[Entry]) -> None:
        entries[one - 1], entries[other - 1] = entries[other - 1], entries[one - 1]

    return change


def repeat_line(of: int, place: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries.insert(place - 1, entries[of - 1])

    return change


def give_another_number(place: int, number: int) -> Change:
    def change(entries: list[Entry]) -> None:
        entries[place - 1] = entries[place - 1]._replace(sequence=number)
        entries.sort(key=lambda entry: entry.sequence)

    return change
