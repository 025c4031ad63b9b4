"""Names that repeat in every row, stored once and numbered."""

import sqlite3

_CACHED_MAX = 50_000
"""A hub has a tag for each case: the cache is emptied before it grows with the years."""


class Names:
    """One of the small tables (databases, tags, origins), with what was looked up last.

    The writer and the readers use instances of their own: a number given in a transaction that
    was rolled back may be given to another name later, and no reader may have remembered it.
    """

    def __init__(self, table: str) -> None:
        self._find = f"SELECT number FROM {table} WHERE name = ?"  # noqa: S608 a constant
        self._read = f"SELECT name FROM {table} WHERE number = ?"  # noqa: S608 a constant
        self._add = f"INSERT INTO {table} (name) VALUES (?)"  # noqa: S608 a constant
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def number(self, connection: sqlite3.Connection, name: str) -> int | None:
        """The number of `name` in the snapshot of `connection`, or None."""
        known = self._numbers.get(name)
        if known is None:
            row = connection.execute(self._find, (name,)).fetchone()
            if row is None:
                return None
            known = self._remember(name, row[0])
        return known

    def give_number(self, connection: sqlite3.Connection, name: str) -> int:
        """The number of `name`, given now if it has none; needs a write transaction."""
        known = self.number(connection, name)
        if known is None:
            added = connection.execute(self._add, (name,)).lastrowid
            assert added is not None
            known = self._remember(name, added)
        return known

    def name(self, connection: sqlite3.Connection, number: int) -> str:
        """The name that has `number`."""
        known = self._names.get(number)
        if known is None:
            row = connection.execute(self._read, (number,)).fetchone()
            if row is None:
                raise sqlite3.DatabaseError(f"no name has the number {number}")
            known = str(row[0])
            self._remember(known, number)
        return known

    def forget(self) -> None:
        """Drop what was looked up; needed after a rollback."""
        self._numbers.clear()
        self._names.clear()

    def _remember(self, name: str, number: int) -> int:
        if len(self._numbers) >= _CACHED_MAX:
            self.forget()
        self._numbers[name] = number
        self._names[number] = name
        return number


class NameTables:
    """The three tables of names."""

    def __init__(self) -> None:
        self.databases = Names("databases")
        self.tags = Names("tags")
        self.origins = Names("origins")

    def forget(self) -> None:
        """Drop what was looked up; needed after a rollback."""
        for names in (self.databases, self.tags, self.origins):
            names.forget()
