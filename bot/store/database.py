"""The bot's own database as its tables see it: whatever a driver says comes out as StoreError.

It knows no table. Nothing is retried that could write twice.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import Connection, Database, DatabaseError, Fault, Patience
from bot.usecases.store_ports import StoreError, StoreTrouble

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

_TROUBLES = {
    Fault.UNREACHABLE: StoreTrouble.UNREACHABLE,
    Fault.DAMAGED: StoreTrouble.DAMAGED,
    Fault.CERTIFICATE: StoreTrouble.CERTIFICATE,
    Fault.LOGIN: StoreTrouble.LOGIN,
    Fault.PERMISSION: StoreTrouble.PERMISSION,
    Fault.SCHEMA: StoreTrouble.SCHEMA,
    Fault.TIMEOUT: StoreTrouble.TIMEOUT,
    Fault.LOCKED: StoreTrouble.LOCKED,
    Fault.DEADLOCK: StoreTrouble.DEADLOCK,
    Fault.FULL: StoreTrouble.FULL,
    Fault.READ_ONLY: StoreTrouble.READ_ONLY,
    Fault.DRIVER: StoreTrouble.DRIVER,
}


LOOK_SECONDS = 0.1
"""Looking for the file takes as long as a fifth of an entry, and nobody replaces a store ten times a second."""


class StoreDatabase:
    """Runs pieces of reading and writing; both raise StoreError, and whatever the piece itself raises."""

    def __init__(self, address: str, patience: Patience | None = None) -> None:
        self._patience = replace(patience or Patience(), look=LOOK_SECONDS)
        self._database = Database(address, self._patience, owned=True)
        # Writers that meet at a SQLite file poll it, at longer and longer intervals; here they queue instead.
        self._turn = threading.Lock()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of reading, without a transaction around it."""
        try:
            return self._database.read(work)
        except DatabaseError as error:
            raise _named(error) from error

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of writing in one transaction."""
        try:
            return self._in_turn(work)
        except DatabaseError as error:
            raise _named(error) from error

    def write_new(self, work: Callable[[Connection], None]) -> bool:
        """Run a piece of writing in one transaction; False, and nothing written, if a key of it is taken."""
        try:
            self._in_turn(work)
        except DatabaseError as error:
            if error.fault is Fault.CONFLICT:
                return False
            raise _named(error) from error
        return True

    def close(self) -> None:
        """Close the connections of all threads."""
        self._database.close()

    def _in_turn(self, work: Callable[[Connection], Result]) -> Result:
        # Without a timeout first: that is what happens nearly always, and it takes a third of the time.
        if not (self._turn.acquire(False) or self._turn.acquire(timeout=self._patience.query)):
            raise StoreError(StoreTrouble.BUSY, "those who were to write first took too long")
        try:
            return self._database.write(work)
        finally:
            self._turn.release()


def _named(error: DatabaseError) -> StoreError:
    """Say as the port does what went wrong at the seam."""
    return StoreError(_TROUBLES.get(error.fault, StoreTrouble.OTHER), error.detail)
