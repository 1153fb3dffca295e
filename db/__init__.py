"""Tables, statements and transactions, on SQLite and PostgreSQL."""

from newsgate.foundation.late_modules import imported_late

# SQLAlchemy needs asyncio for drivers that newsgate does not use, and the list of installed packages for dialects that
# it does not know itself. With OpenSSL, which asyncio brings, they are 6 MB of every process.
with imported_late({"asyncio": ("iscoroutine",), "importlib.metadata": ()}):
    import sqlalchemy.dialects.sqlite  # noqa: F401 - the first to be loaded, for all that use it
