"""Key slots: the one key of a database, wrapped once for each way to come by it.

A passphrase (Argon2id), a secret in the keyring of the operating system, and the escrow holders
each have a slot of about 100 bytes. To change a passphrase is to write one slot anew; the
database and its key stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from security import fields
from security.encoding import decode_map, encode
from security.errors import FormatError, KeyFileError, OpenError
from security.signing import ReadingKey, seal_to
from security.suites import KEY_BYTES, NONCE_BYTES, RandomBytes, expand, open_sealed, seal

PASSPHRASE, KEYRING, ESCROW = "passphrase", "keyring", "escrow"
KINDS = (PASSPHRASE, KEYRING, ESCROW)
SLOTS_MAX = 16
SLOT_FILE_BYTES_MAX = 16 * 1024
SALT_BYTES = 16
ID_BYTES = 16
SEALED_BYTES_MAX = 128
MEMORY_KIB_LEAST = 8
MEMORY_KIB_MAX = 1024 * 1024
PASSES_MAX = 16
PASSPHRASE_BYTES_MAX = 1024

_MAGIC = b"PRK1"
_NONCE = bytes(NONCE_BYTES)
"""Each wrapping key is grown from a fresh salt and used once."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a passphrase costs: Argon2id memory and passes."""

    memory_kib: int = 64 * 1024
    passes: int = 3


FLOOR = Cost(19 * 1024, 2)
"""The least for a machine on which the default takes too long (OWASP: 19 MiB, 2 passes)."""


@dataclass(frozen=True, slots=True)
class DatabaseKey:
    """The key of all files of one installation; each file gets a key grown from it."""

    secret: bytes = field(repr=False)

    def of(self, purpose: str) -> bytes:
        """The 32 bytes for one purpose, such as the name of a file."""
        return expand(self.secret, b"postroad/at-rest/v1\0" + purpose.encode(), KEY_BYTES)


@dataclass(frozen=True, slots=True)
class Slot:
    """One way to the database key."""

    name: str
    kind: str
    salt: bytes
    cost: Cost
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slots:
    """All ways to the key of one database, which `id` names."""

    id: bytes
    slots: tuple[Slot, ...]

    def find(self, name: str) -> Slot:
        """The slot of a name.

        Raises:
            KeyFileError: There is none.
        """
        for slot in self.slots:
            if slot.name == name:
                return slot
        raise KeyFileError(f"there is no key slot {name!r:.40}")

    def with_slot(self, slot: Slot) -> "Slots":
        """These slots with one more, or with another in place of one of the same name.

        Raises:
            KeyFileError: There are too many.
        """
        others = tuple(each for each in self.slots if each.name != slot.name)
        if len(others) >= SLOTS_MAX:
            raise KeyFileError(f"there are {SLOTS_MAX} key slots already")
        return Slots(self.id, (*others, slot))

    def without(self, name: str) -> "Slots":
        """These slots without one.

        Raises:
            KeyFileError: There is none of that name, or no other way in would be left.
        """
        gone = self.find(name)
        left = tuple(each for each in self.slots if each is not gone)
        if not any(slot.kind != ESCROW for slot in left):
            raise KeyFileError(
                f"{name} is the last slot that opens without escrow",
                hint="Add another slot first.",
            )
        return Slots(self.id, left)


def wrap_passphrase(
    database: bytes,
    name: str,
    key: DatabaseKey,
    passphrase: bytes,
    cost: Cost,
    random_bytes: RandomBytes,
) -> Slot:
    """A slot that a passphrase opens.

    Raises:
        KeyFileError: The machine has not the memory that the cost asks for.
    """
    salt = random_bytes(SALT_BYTES)
    wrapping = _stretched(passphrase, salt, cost)
    context = _context(database, name, PASSPHRASE, salt, cost)
    return Slot(name, PASSPHRASE, salt, cost, seal(wrapping, _NONCE, key.secret, context))


def wrap_secret(
    database: bytes, name: str, key: DatabaseKey, secret: bytes, random_bytes: RandomBytes
) -> Slot:
    """A slot that 32 random bytes open, which lie in the keyring of the operating system."""
    salt, cost = random_bytes(SALT_BYTES), Cost(0, 0)
    context = _context(database, name, KEYRING, salt, cost)
    wrapping = expand(secret, b"postroad/slot/keyring/v1" + salt, KEY_BYTES)
    return Slot(name, KEYRING, salt, cost, seal(wrapping, _NONCE, key.secret, context))


def wrap_escrow(database: bytes, name: str, key: DatabaseKey, public: bytes) -> Slot:
    """A slot that the escrow holders open together.

    Raises:
        FormatError: `public` is no reading key.
    """
    salt, cost = bytes(SALT_BYTES), Cost(0, 0)
    context = _context(database, name, ESCROW, salt, cost)
    return Slot(name, ESCROW, salt, cost, seal_to(public, key.secret, context))


def unwrap(database: bytes, slot: Slot, with_: bytes | ReadingKey) -> DatabaseKey:
    """The database key that a slot holds.

    Args:
        database: the id of the slots.
        slot: one of them.
        with_: the passphrase, the secret of the keyring, or the escrow key.

    Raises:
        OpenError: It is not the right one, or the slot was changed.
        KeyFileError: The machine has not the memory that the slot asks for.
    """
    context = _context(database, slot.name, slot.kind, slot.salt, slot.cost)
    if isinstance(with_, ReadingKey):
        secret = with_.open(slot.sealed, context)
    elif slot.kind == PASSPHRASE:
        wrapping = _stretched(with_, slot.salt, slot.cost)
        secret = open_sealed(wrapping, _NONCE, slot.sealed, context)
    elif slot.kind == KEYRING and len(with_) == KEY_BYTES:
        wrapping = expand(with_, b"postroad/slot/keyring/v1" + slot.salt, KEY_BYTES)
        secret = open_sealed(wrapping, _NONCE, slot.sealed, context)
    else:
        raise OpenError("the key slot does not open")
    if len(secret) != KEY_BYTES:
        raise OpenError("the key slot does not open")
    return DatabaseKey(secret)


def encode_slots(slots: Slots) -> bytes:
    """The bytes of a slot file."""
    rows: Sequence[object] = [
        {
            "cost": [slot.cost.memory_kib, slot.cost.passes],
            "kind": slot.kind,
            "name": slot.name,
            "salt": slot.salt,
            "sealed": slot.sealed,
        }
        for slot in slots.slots
    ]
    return _MAGIC + encode({"id": slots.id, "slots": rows})


def decode_slots(raw: bytes) -> Slots:
    """Read a slot file; costs beyond what this program ever asks are refused.

    Raises:
        FormatError: It is none.
    """
    if not raw.startswith(_MAGIC):
        raise FormatError("this is no file of key slots")
    values = decode_map(raw[len(_MAGIC) :], bytes_max=SLOT_FILE_BYTES_MAX)
    rows = fields.items(values, "slots", most=SLOTS_MAX)
    slots = Slots(
        fields.octets(values, "id", length=ID_BYTES), tuple(_slot(row) for row in rows)
    )
    if len({slot.name for slot in slots.slots}) != len(slots.slots):
        raise FormatError("two key slots have one name")
    return slots


def _slot(row: object) -> Slot:
    if not isinstance(row, dict):
        raise FormatError("a key slot is not a map")
    kind, sealed = fields.matched(row, "kind", fields.WORD), row.get("sealed")
    if kind not in KINDS or not isinstance(sealed, bytes) or len(sealed) > SEALED_BYTES_MAX:
        raise FormatError("a key slot is of no known kind, or too long")
    memory, passes = (*fields.items(row, "cost", most=2), None, None)[:2]
    least = 1 if kind == PASSPHRASE else 0
    return Slot(
        name=fields.matched(row, "name", fields.WORD),
        kind=kind,
        salt=fields.octets(row, "salt", length=SALT_BYTES),
        cost=Cost(
            fields.checked_number(
                memory, "memory", least=least * MEMORY_KIB_LEAST, most=MEMORY_KIB_MAX
            ),
            fields.checked_number(passes, "passes", least=least, most=PASSES_MAX),
        ),
        sealed=sealed,
    )


def _context(database: bytes, name: str, kind: str, salt: bytes, cost: Cost) -> bytes:
    context = ("postroad/slot/v1", database, name, kind, salt, cost.memory_kib, cost.passes)
    return encode(context)


def _stretched(passphrase: bytes, salt: bytes, cost: Cost) -> bytes:
    if not 0 < len(passphrase) <= PASSPHRASE_BYTES_MAX:
        raise OpenError("the key slot does not open")
    kdf = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=cost.passes,
        lanes=1,
        memory_cost=cost.memory_kib,
    )
    try:
        return kdf.derive(passphrase)
    except MemoryError as error:
        raise KeyFileError(
            f"a key slot needs {cost.memory_kib} KiB of memory", hint="Close other programs."
        ) from error
