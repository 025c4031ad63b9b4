"""Reading keys of a unit's epochs: sealed by the unit above to each device that may read."""

from security.encoding import encode
from security.errors import OpenError
from security.signing import ReadingKey, seal_to
from security.statements import Device, Epoch
from security.suites import KEY_BYTES


def seal_epoch(key: ReadingKey, unit: str, epoch: int, device: Device) -> bytes:
    """Seal the private half of a unit's new reading key to one of its devices.

    Raises:
        FormatError: The device's key is not usable.
    """
    return seal_to(device.reading, key.private_bytes(), _context(unit, epoch, device.id))


def open_epoch(stated: Epoch, unit: str, device: str, key: ReadingKey) -> ReadingKey | None:
    """Give the reading key that an epoch holds for a device, or None if it holds none.

    Raises:
        OpenError: It does not open, or is not the key that was stated.
    """
    sealed = stated.sealed.get(device)
    if sealed is None:
        return None
    private = key.open(sealed, _context(unit, stated.epoch, device))
    if len(private) != KEY_BYTES:
        raise OpenError("the sealed key does not open")
    opened = ReadingKey.from_private(private)
    if opened.public != stated.reading:
        raise OpenError("the sealed key does not open")
    return opened


def _context(unit: str, epoch: int, device: str) -> bytes:
    return encode(("postroad/epoch/v1", unit, epoch, device))
