"""What the operating system does for the store's file: one writer at a time, durable names."""

import os
import sys
from pathlib import Path

from sync.errors import StoreError

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 30  # past the text, which another process must be able to read

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

    def sync_folder(folder: Path) -> None:
        """Nothing: Windows keeps the names in a folder by itself."""
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def sync_folder(folder: Path) -> None:
        """Make durable which files the folder has, so that a new file survives a power cut."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class WriterLock:
    """Held from construction to `release`; the system takes it back when the process dies.

    SQLite would let two processes write in turns. A store may not: each would count sequence
    numbers and feed positions of its own, and a feed that forks is not to be mended.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock, or say who has it.

        Args:
            path: The lock file; made if absent and left behind, since taking it away would let
                two processes lock two files of one name.

        Raises:
            StoreError: Another process, or this one, has the store open for writing.
            OSError: The lock file cannot be made.
        """
        self._descriptor: int | None = None
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(descriptor)
        except OSError as error:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreError(
                f"{path.with_suffix('')} is in use by process {holder}",
                hint="Stop the other program first, or open the store for reading only.",
            ) from error
        self._descriptor = descriptor
        self._name_holder(descriptor)

    def release(self) -> None:
        """Let the next process write. Releasing twice is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _name_holder(self, descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        except OSError:
            # The name is a courtesy to the operator: a full disk must not keep a store shut.
            return
