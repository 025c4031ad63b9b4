"""Short marks of record ids under a key, for comparing two stores.

A mark is the first 8 bytes, big endian, of AES-128 of the first 16 bytes of the id. AES is used
as what it is, a permutation that nobody can tell from a random one without the key: no message
is hidden, so there is no mode and no nonce. The key is drawn for one comparison; who picked the
ids, even a device that signs thousands of records to find the ones it likes, did not know it.
"""

import sys
from array import array

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ID_BYTES = 32
MARK_BYTES = 8
_WORDS = ID_BYTES // MARK_BYTES


class Marker:
    """Gives marks under one key of 16 bytes. Used by one thread at a time."""

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES128(key), modes.ECB()).encryptor()  # noqa: S305 no mode is meant

    def marks(self, ids: bytes) -> "array[int]":
        """The marks of ids of 32 bytes each, one behind the other."""
        marks = array("Q", self._cipher.update(ids))[::_WORDS]
        if sys.byteorder == "little":
            marks.byteswap()
        return marks
