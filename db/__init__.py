"""Tables, statements and transactions, on SQLite and PostgreSQL."""

from newsgate.foundation.late_modules import imported_late

# SQLAlchemy needs asyncio for drivers that newsgate does not use, and the list of installed packages for dialects that
# it does not know itself. With OpenSSL, which asyncio brings, they are 6 MB of every process. Two of these drivers come
# with the dialect of SQLite; random numbers are for commits in two phases.
_UNUSED_DRIVERS = ("sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.dialects.sqlite.pysqlcipher")
_UNUSED = ("importlib.metadata", "random", *_UNUSED_DRIVERS)
with imported_late({"asyncio": ("iscoroutine",), **dict.fromkeys(_UNUSED, ())}):
    import sqlalchemy.dialects.sqlite  # noqa: F401 - the first to be loaded, for all that use it
