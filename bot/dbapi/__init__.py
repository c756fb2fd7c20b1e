"""The one seam over sqlite3 and pyodbc: connect, read, and name what went wrong.

Statements come in as they are and run unchanged on every engine. What differs between engines stands in engines.py
(how to connect, the options of a new connection) and faults.py (which error means what), and nowhere else.
"""

from bot.dbapi.connection import Connection
from bot.dbapi.database import Database
from bot.dbapi.engines import Engine, Timeouts
from bot.dbapi.errors import DatabaseError, ErrorKind

__all__ = ["Connection", "Database", "DatabaseError", "Engine", "ErrorKind", "Timeouts"]
