"""The only algorithms that a tunnel speaks, on both sides; everything else is off.

paramiko offers 3DES, CBC modes, HMAC-MD5 and HMAC-SHA1 by default and puts AES-GCM last.
"""

from typing import Final

from paramiko.kex_mlkem import KexMLKEM768X25519

CIPHERS: Final = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com")

# The hybrid comes first, so that what is recorded today stays closed to a quantum computer. A
# build of OpenSSL without ML-KEM can only speak the second; OpenSSH before 9.9 as well.
KEY_EXCHANGES: Final = (
    *(("mlkem768x25519-sha256",) if KexMLKEM768X25519.is_available() else ()),
    "curve25519-sha256@libssh.org",
)

KEYS: Final = ("ssh-ed25519",)

# The protocol wants a MAC to be agreed on even though AES-GCM needs and uses none.
MACS: Final = ("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com")

# Content is compressed before it is sealed; compressing what is sealed only warms the room, and
# compression of mixed secrets is an attack of its own.
COMPRESSIONS: Final = ("none",)
