"""ConfigMgr's database: the only folder that knows its tables. Uses dbapi and raises the port's errors."""
