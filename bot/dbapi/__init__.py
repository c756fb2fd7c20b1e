"""The database layer over sqlite3 and pyodbc: connections, a pool, and driver errors as one exception with a kind.

Statements run unchanged on every engine. Differences between engines are in engines.py (connecting, session options),
catalogue.py (names, column types, row locks), errors.py (what a driver's error means) and rights.py (a login's rights).
"""

from bot.dbapi.connection import Connection
from bot.dbapi.database import Database
from bot.dbapi.engines import Engine, Timeouts
from bot.dbapi.errors import DatabaseError, ErrorKind

__all__ = ["Connection", "Database", "DatabaseError", "Engine", "ErrorKind", "Timeouts"]
