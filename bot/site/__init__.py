"""ConfigMgr's database: the only folder that knows its tables. Speaks through dbapi, raises the port's errors."""
