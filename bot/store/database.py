"""The bot's own database as its tables see it: whatever a driver says comes out as StoreError.

It knows no table. Nothing is retried that could write twice.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from bot.dbapi import Connection, Database, DatabaseError, ErrorKind, Timeouts
from bot.usecases.ports.store import StoreError, StoreErrorKind

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

_KINDS = {
    ErrorKind.UNREACHABLE: StoreErrorKind.UNREACHABLE,
    ErrorKind.DAMAGED: StoreErrorKind.DAMAGED,
    ErrorKind.CERTIFICATE: StoreErrorKind.CERTIFICATE,
    ErrorKind.LOGIN: StoreErrorKind.LOGIN,
    ErrorKind.PERMISSION: StoreErrorKind.PERMISSION,
    ErrorKind.SCHEMA: StoreErrorKind.SCHEMA,
    ErrorKind.TIMEOUT: StoreErrorKind.TIMEOUT,
    ErrorKind.LOCKED: StoreErrorKind.LOCKED,
    ErrorKind.DEADLOCK: StoreErrorKind.DEADLOCK,
    ErrorKind.FULL: StoreErrorKind.FULL,
    ErrorKind.READ_ONLY: StoreErrorKind.READ_ONLY,
    ErrorKind.DRIVER: StoreErrorKind.DRIVER,
}


LOOK_SECONDS = 0.1
"""Looking for the file takes as long as a fifth of an entry, and nobody replaces a store ten times a second."""


class StoreDatabase:
    """Runs pieces of reading and writing; both raise StoreError, and whatever the piece itself raises."""

    def __init__(self, address: str, timeouts: Timeouts | None = None) -> None:
        self._timeouts = replace(timeouts or Timeouts(), look=LOOK_SECONDS)
        self._database = Database(address, self._timeouts, owned=True)
        # Writers that meet at a SQLite file poll it, at longer and longer intervals; here they queue instead.
        self._write_lock = threading.Lock()

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of reading, without a transaction around it."""
        try:
            return self._database.read(work)
        except DatabaseError as error:
            raise _store_error(error) from error

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Run a piece of writing in one transaction."""
        try:
            return self._write_serialized(work)
        except DatabaseError as error:
            raise _store_error(error) from error

    def write_new(self, work: Callable[[Connection], None]) -> bool:
        """Run a piece of writing in one transaction; False, and nothing written, if a key of it is taken."""
        try:
            self._write_serialized(work)
        except DatabaseError as error:
            if error.kind is ErrorKind.CONFLICT:
                return False
            raise _store_error(error) from error
        return True

    def close(self) -> None:
        """Close the connections of all threads."""
        self._database.close()

    def _write_serialized(self, work: Callable[[Connection], Result]) -> Result:
        # Without a timeout first: that is what happens nearly always, and it takes a third of the time.
        if not (self._write_lock.acquire(False) or self._write_lock.acquire(timeout=self._timeouts.query)):
            raise StoreError(StoreErrorKind.BUSY, "those who were to write first took too long")
        try:
            return self._database.write(work)
        finally:
            self._write_lock.release()


def _store_error(error: DatabaseError) -> StoreError:
    """Say as the port does what went wrong at the seam."""
    return StoreError(_KINDS.get(error.kind, StoreErrorKind.OTHER), error.detail)
