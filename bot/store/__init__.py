"""The bot's own database: ledger, outbox, inbox and leases, on SQLite, PostgreSQL or SQL Server by the same statements.

It implements the interfaces of usecases/ports/store.py and decides nothing. Entries of the ledger are inserted and
read, never changed.
"""

from bot.store.factory import Store, open_store

__all__ = ["Store", "open_store"]
