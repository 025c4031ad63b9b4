"""Bodies as they lie on disk: compressed where that saves space.

A sealed record travels in JSON as base64, a third larger than it is; zstd takes that back.
"""

import sqlite3

import zstandard

BODY_BYTES_STORED_MAX = 64 * 1024 * 1024
"""Far above any limit for documents: a larger claim is damage, and is not given memory."""
_FRAME = b"\x28\xb5\x2f\xfd"
"""A zstd frame begins so, and no JSON text does: what is stored says itself what it is."""


class Bodies:
    """Packs and unpacks for one connection; zstd contexts are not for two threads at once."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=1)
        self._decompressor = zstandard.ZstdDecompressor()

    def pack(self, body: bytes) -> bytes:
        """The smaller of the body and its compressed form."""
        packed = self._compressor.compress(body)
        return packed if len(packed) < len(body) else body

    def unpack(self, stored: bytes) -> bytes:
        """The body that `pack` was given.

        Raises:
            sqlite3.DatabaseError: The stored bytes are damaged.
        """
        if not stored.startswith(_FRAME):
            return stored
        try:
            size = zstandard.frame_content_size(stored)
            if not 0 <= size <= BODY_BYTES_STORED_MAX:
                raise sqlite3.DatabaseError(f"a body claims {size} bytes")
            return self._decompressor.decompress(stored)
        except zstandard.ZstdError as error:
            raise sqlite3.DatabaseError("a body cannot be unpacked") from error
