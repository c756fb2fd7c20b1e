"""The one seam over sqlite3 and pyodbc: connect, read, and name what went wrong.

Statements come in as they are and run unchanged on every engine. What differs between engines stands in engines.py
(how to connect, the options of a new connection) and faults.py (which error means what), and nowhere else.
"""

from bot.dbapi.connection import Connection
from bot.dbapi.database import Database
from bot.dbapi.engines import Patience, Product
from bot.dbapi.faults import DatabaseError, Fault

__all__ = ["Connection", "Database", "DatabaseError", "Fault", "Patience", "Product"]
