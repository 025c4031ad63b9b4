"""Key files of one node: private to their owner, written whole, and never overwritten.

On POSIX the folder has mode 0700 and every file 0600, and both are checked at every reading. On
Windows modes mean nothing; there the folder inherits what the installer granted.
"""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from security.errors import KeyFileError
from security.signing import ReadingKey, SigningKey
from security.suites import KEY_BYTES, RandomBytes

DEVICE_SIGNING = "device-signing.pem"
DEVICE_READING = "device-reading.pem"
UNIT_SIGNING = "unit-signing.pem"
SSH = "ssh.pem"
SSH_CERTIFICATE = "ssh-cert.pub"
SSH_CA = "ssh-ca.pem"
HOST = "host.pem"

_UNIT_READING = re.compile(r"unit-reading-(0|[1-9][0-9]{0,9})\.pem")
_FILE_BYTES_MAX = 16384
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700
_LAX = 0o077
_POSIX = os.name == "posix"


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """All private keys of one node.

    Every device has the first four; `unit_reading` maps epochs to the keys that the devices of
    a unit share. The last three exist at hubs: they sign statements about units below, issue
    SSH certificates to their devices, and identify the gateway.
    """

    signing: SigningKey = field(repr=False)
    reading: ReadingKey = field(repr=False)
    unit_reading: Mapping[int, ReadingKey] = field(repr=False)
    ssh: Ed25519PrivateKey = field(repr=False)
    ssh_certificate: str | None = None
    unit_signing: SigningKey | None = field(default=None, repr=False)
    ssh_ca: Ed25519PrivateKey | None = field(default=None, repr=False)
    host: Ed25519PrivateKey | None = field(default=None, repr=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the keys of a node.

        Raises:
            KeyFileError: A file is missing, damaged, or open to others.
        """
        _check_folder(folder)
        is_hub = (folder / UNIT_SIGNING).exists()
        return cls(
            signing=read_signing_key(folder / DEVICE_SIGNING),
            reading=read_reading_key(folder / DEVICE_READING),
            unit_reading=_read_unit_reading(folder),
            ssh=_read_ed25519(folder / SSH),
            ssh_certificate=_read_certificate(folder / SSH_CERTIFICATE),
            unit_signing=read_signing_key(folder / UNIT_SIGNING) if is_hub else None,
            ssh_ca=_read_ed25519(folder / SSH_CA) if is_hub else None,
            host=_read_ed25519(folder / HOST) if is_hub else None,
        )

    @classmethod
    def create(
        cls,
        folder: Path,
        unit_reading: Mapping[int, ReadingKey],
        *,
        unit_signing: SigningKey | None = None,
        random_bytes: RandomBytes = os.urandom,
    ) -> Self:
        """Make the keys of a new device and write them, all or none.

        Args:
            folder: Where they go; it may not hold anything yet.
            unit_reading: The unit's reading keys by epoch.
            unit_signing: The unit's signing key, at hubs; then the hub's SSH keys are made too.
            random_bytes: Source of the secrets.

        Raises:
            KeyFileError: There are keys already, or the folder cannot be written.
        """
        is_hub = unit_signing is not None
        keys = cls(
            signing=make_signing_key(random_bytes),
            reading=make_reading_key(random_bytes),
            unit_reading=dict(unit_reading),
            ssh=_make_ed25519(random_bytes),
            unit_signing=unit_signing,
            ssh_ca=_make_ed25519(random_bytes) if is_hub else None,
            host=_make_ed25519(random_bytes) if is_hub else None,
        )
        _write_folder(folder, keys)
        return keys


def make_signing_key(random_bytes: RandomBytes = os.urandom) -> SigningKey:
    """Make a new signing key of a device, a unit or the city root."""
    return SigningKey.from_private(random_bytes(KEY_BYTES))


def make_reading_key(random_bytes: RandomBytes = os.urandom) -> ReadingKey:
    """Make a new reading key of a device, a unit epoch or the escrow."""
    return ReadingKey.from_private(random_bytes(KEY_BYTES))


def read_signing_key(path: Path) -> SigningKey:
    """Read one signing key.

    Raises:
        KeyFileError: The file is missing, damaged, open to others, or of another kind.
    """
    return SigningKey(_read_ed25519(path))


def read_reading_key(path: Path) -> ReadingKey:
    """Read one reading key.

    Raises:
        KeyFileError: As `read_signing_key`.
    """
    key = _read_private(path)
    if not isinstance(key, X25519PrivateKey):
        raise KeyFileError(f"{path}: this is not a reading key (X25519)")
    return ReadingKey(key)


def write_signing_key(path: Path, key: SigningKey) -> None:
    """Write one signing key to a file that does not exist yet.

    Raises:
        KeyFileError: It exists, or cannot be written.
    """
    _write_new(path, _pem(Ed25519PrivateKey.from_private_bytes(key.private_bytes())))


def write_reading_key(path: Path, key: ReadingKey) -> None:
    """Write one reading key to a file that does not exist yet.

    Raises:
        KeyFileError: As `write_signing_key`.
    """
    _write_new(path, _pem(X25519PrivateKey.from_private_bytes(key.private_bytes())))


def write_unit_reading_key(folder: Path, epoch: int, key: ReadingKey) -> None:
    """Add the reading key of a new epoch; the old ones stay, to read old cases.

    Raises:
        KeyFileError: The epoch has a key already, or the file cannot be written.
    """
    write_reading_key(folder / f"unit-reading-{epoch}.pem", key)


def write_certificate(folder: Path, line: str) -> None:
    """Put a new SSH certificate in place of the old one; it is no secret.

    Raises:
        KeyFileError: It cannot be written.
    """
    path = folder / SSH_CERTIFICATE
    try:
        _write_temporary(path, line.encode("ascii") + b"\n").replace(path)
        _sync_folder(folder)
    except OSError as error:
        raise _failed(path, error) from error


def _read_unit_reading(folder: Path) -> dict[int, ReadingKey]:
    found = {}
    for path in sorted(_listed(folder)):
        match = _UNIT_READING.fullmatch(path.name)
        if match is not None:
            found[int(match[1])] = read_reading_key(path)
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise _failed(folder, error) from error


def _read_certificate(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        return _read(path, secret=False).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: this is not a certificate") from error


def _read_ed25519(path: Path) -> Ed25519PrivateKey:
    key = _read_private(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: this is not a signing key (Ed25519)")
    return key


def _read_private(path: Path) -> object:
    try:
        return load_pem_private_key(_read(path, secret=True), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(f"{path}: the key file is damaged") from error


def _read(path: Path, *, secret: bool) -> bytes:
    try:
        with path.open("rb") as file:
            # The mode is asked of the opened file, so that it cannot be exchanged in between.
            if secret:
                _check_mode(path, os.fstat(file.fileno()).st_mode, _FILE_MODE)
            content = file.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise _failed(path, error) from error
    if len(content) > _FILE_BYTES_MAX:
        raise KeyFileError(f"{path}: larger than any key file")
    return content


def _check_folder(folder: Path) -> None:
    try:
        _check_mode(folder, folder.stat().st_mode, _FOLDER_MODE)
    except OSError as error:
        raise _failed(folder, error) from error


def _check_mode(path: Path, mode: int, wanted: int) -> None:
    if _POSIX and mode & _LAX:
        raise KeyFileError(
            f"{path}: others on this machine can reach it",
            hint=f"chmod {wanted:o} {path} and ask whether the key must be replaced.",
        )


def _write_folder(folder: Path, keys: NodeKeys) -> None:
    """Write everything beside the place, then rename: a crash leaves no half-made node."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.exists():
            folder.rmdir()  # Refuses if anything lies in it.
        with tempfile.TemporaryDirectory(
            prefix=f".{folder.name}-", dir=folder.parent
        ) as scratch:
            made = Path(scratch) / folder.name
            made.mkdir(_FOLDER_MODE)
            for name, pem in _files(keys).items():
                _write_new(made / name, pem)
            made.rename(folder)
        _sync_folder(folder.parent)
    except OSError as error:
        raise _failed(folder, error) from error


def _files(keys: NodeKeys) -> dict[str, bytes]:
    private = {
        DEVICE_SIGNING: Ed25519PrivateKey.from_private_bytes(keys.signing.private_bytes()),
        SSH: keys.ssh,
        SSH_CA: keys.ssh_ca,
        HOST: keys.host,
    }
    if keys.unit_signing is not None:
        secret = keys.unit_signing.private_bytes()
        private[UNIT_SIGNING] = Ed25519PrivateKey.from_private_bytes(secret)
    files = {name: _pem(key) for name, key in private.items() if key is not None}
    readers = {f"unit-reading-{epoch}.pem": key for epoch, key in keys.unit_reading.items()}
    for name, reading in {DEVICE_READING: keys.reading, **readers}.items():
        files[name] = _pem(X25519PrivateKey.from_private_bytes(reading.private_bytes()))
    return files


def _make_ed25519(random_bytes: RandomBytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(random_bytes(KEY_BYTES))


def _pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_new(path: Path, content: bytes) -> None:
    temporary = _write_temporary(path, content)
    try:
        if _POSIX:
            os.link(temporary, path)  # Fails if the name is taken, where a rename would not.
        else:
            temporary.rename(path)  # On Windows a rename does not overwrite.
        _sync_folder(path.parent)
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _write_temporary(path: Path, content: bytes) -> Path:
    try:
        # mkstemp opens with mode 0600 and a name of its own.
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _failed(path, error) from error
    return Path(name)


def _sync_folder(folder: Path) -> None:
    if not _POSIX:
        return  # Windows has no handle of a folder to flush.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _failed(path: Path, error: OSError) -> KeyFileError:
    return KeyFileError(f"{path}: {error.strerror or error}")
