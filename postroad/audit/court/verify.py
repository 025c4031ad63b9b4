"""Check an exported audit folder, with Python 3.9, the package `cryptography` and no network.

    python3 verify.py FOLDER [ROOT_KEY]

The folder holds logs (`logs/NAME/checkpoint`, `tile/`), records with proofs, the policy of each
log, and the registry that names every key. ROOT_KEY, 64 hexadecimal digits, is the one key that
must be known from elsewhere; without it the file `root-key.txt` of the folder is believed.
Prints one line for each thing that was checked; ends with 0 if all of it holds, else with 1.
"""

from __future__ import annotations

import base64
import hashlib
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Keys = dict[str, bytes]
Lines = list[tuple[str, bytes, bytes]]

MAP, SIMPLE = 5, 7
TEXT, BYTES = 3, 2
LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}
GROUP = 1000
TILE = 256
HASH = 32


class WrongError(Exception):
    """Something in the folder is not what it claims to be."""


FAULTS = (WrongError, OSError, ValueError, KeyError, IndexError, InvalidSignature)


def main(arguments: list[str]) -> int:
    """Check the folder named on the command line."""
    if len(arguments) not in {1, 2}:
        print(__doc__)
        return 2
    folder = pathlib.Path(arguments[0])
    root_key = bytes.fromhex(
        arguments[1] if len(arguments) > 1 else text_of(folder / "root-key.txt").strip()
    )
    wrong = failures(folder, root_key, print)
    print("all of it holds" if not wrong else f"{len(wrong)} checks failed")
    return 1 if wrong else 0


def silent(*_words: object) -> None:
    """Tell nobody."""


def failures(folder: Path, root_key: bytes, tell: Callable[..., object] = silent) -> list[str]:
    """What does not hold in a folder, one line for each check; tells of every step."""
    wrong = []
    for check in (check_manifest, check_registry, check_logs, check_records):
        try:
            for line in check(folder, root_key):
                tell("ok   ", line)
        except (
            WrongError,
            OSError,
            ValueError,
            KeyError,
            IndexError,
            InvalidSignature,
        ) as error:
            wrong.append(str(error) or type(error).__name__)
            tell("WRONG", wrong[-1])
    return wrong


def check_manifest(folder: Path, _root_key: bytes) -> Iterator[str]:
    """Every file is the one that the manifest names, and there is no other."""
    named = {}
    for line in text_of(folder / "MANIFEST.sha256").splitlines():
        digest, _, name = line.partition("  ")
        named[name] = digest
    here = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "MANIFEST.sha256"
    }
    if here != set(named):
        raise WrongError(f"files differ from the manifest: {sorted(here ^ set(named))[:5]}")
    for name, digest in named.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise WrongError(f"{name} was changed")
    yield f"{len(named)} files are those of the manifest"


def check_registry(folder: Path, root_key: bytes) -> Iterator[str]:
    """Every statement is signed by the unit above, from the root key down."""
    units, devices = registry_of(folder, root_key)
    yield f"registry: {len(units)} units, {len(devices)} devices"


def check_logs(folder: Path, root_key: bytes) -> Iterator[str]:
    """Every log is signed by its device and is the tree of its leaves."""
    _, devices = registry_of(folder, root_key)
    for place in sorted((folder / "logs").iterdir()):
        text, lines = note_of((place / "checkpoint").read_bytes())
        origin, size, root = text.split("\n")[:3]
        check_log_key(devices, origin, text, lines)
        if tree_root(place, int(size)) != base64.b64decode(root):
            raise WrongError(f"{origin}: the tiles are not the tree that was signed")
        yield f"{origin}: {size} leaves, {standing(folder, origin, text, lines)}"


def check_records(folder: Path, root_key: bytes) -> Iterator[str]:
    """Every record is signed by its device and stands in the logs that prove it."""
    _, devices = registry_of(folder, root_key)
    records = folder / "records"
    for path in sorted(records.glob("*.record")) if records.is_dir() else []:
        raw = path.read_bytes()
        digest = hashlib.sha256(raw).digest()
        if digest.hex() != path.stem:
            raise WrongError(f"{path.name} is not the record of its name")
        header = header_of(raw)
        device = header[6]
        verify(devices[device], b"postroad/record/v1\0" + raw[:-64], raw[-64:])
        proofs = sorted((folder / "proofs").glob(path.stem + ".*.tlog-proof"))
        for proof in proofs:
            check_proof(devices, proof, digest + header[3])
        yield f"{path.stem[:16]}: {device} #{header[8]}, {len(proofs)} proofs"


def check_proof(devices: Keys, path: Path, entry: bytes) -> None:
    """A proof leads from a record to a checkpoint signed by its log."""
    head, _, note = path.read_bytes().partition(b"\n\n")
    lines = head.decode("ascii").split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        raise WrongError(f"{path.name} is no proof")
    if lines[0].startswith("extra "):
        lines.pop(0)
    index = int(lines.pop(0).split(" ")[1])
    text, signatures = note_of(note)
    origin, size, root = text.split("\n")[:3]
    check_log_key(devices, origin, text, signatures)
    found = included(
        leaf_hash(entry), index, int(size), [base64.b64decode(each) for each in lines]
    )
    if found != base64.b64decode(root):
        raise WrongError(f"{path.name} does not lead to its checkpoint")


def check_log_key(devices: Keys, origin: str, text: str, lines: Lines) -> None:
    """The log that a checkpoint names signed it."""
    public = devices[origin.rpartition("/")[2]]
    for name, key_id, signature in lines:
        if name == origin and key_id == key_name_id(origin, 1, public):
            verify(public, text.encode(), signature)
            return
    raise WrongError(f"the checkpoint of {origin} is not signed by it")


def standing(folder: Path, origin: str, text: str, lines: Lines) -> str:
    """Whether the quorum of the log's policy cosigned its checkpoint."""
    device = origin.rpartition("/")[2]
    witnesses, groups, quorum = policy_of(text_of(folder / "policy" / f"{device}.txt"))
    held: set[str] = set()
    for name, (witness, public) in witnesses.items():
        for line_name, key_id, signature in lines:
            if line_name == witness and key_id == key_name_id(witness, 4, public):
                seconds = int.from_bytes(signature[:8], "big")
                message = f"cosignature/v1\ntime {seconds}\n{text}"
                verify(public, message.encode(), signature[8:])
                held.add(name)
    for name, (least, members) in groups.items():
        if sum(member in held for member in members) >= least:
            held.add(name)
    if quorum == "none":
        return "asks for no witness"
    count = len(held & set(witnesses))
    return "final" if quorum in held else f"provisional, cosigned by {count}"


def policy_of(
    text: str,
) -> tuple[dict[str, tuple[str, bytes]], dict[str, tuple[int, list[str]]], str]:
    """Witnesses by name, groups in their order, and the quorum of a tlog-policy."""
    witnesses: dict[str, tuple[str, bytes]] = {}
    groups: dict[str, tuple[int, list[str]]] = {}
    quorum = "none"
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["witness"]:
            name, _, key = words[2].split("+", 2)
            witnesses[words[1]] = (name, base64.b64decode(key)[1:])
        elif words[:1] == ["group"]:
            least = {"any": 1, "all": len(words) - 3}.get(words[2]) or int(words[2])
            groups[words[1]] = (least, words[3:])
        elif words[:1] == ["quorum"]:
            quorum = words[1]
    return witnesses, groups, quorum


def registry_of(folder: Path, root_key: bytes) -> tuple[Keys, Keys]:
    """The keys of units and devices, each stated by the unit above it at that place."""
    raw = (folder / "registry.prl").read_bytes()
    units: Keys = {}
    devices: Keys = {}
    parents: dict[str, str | None] = {}
    if raw[:4] != b"PRL1":
        raise WrongError("registry.prl is no file of statements")
    place = 4
    while place < len(raw):
        length = int.from_bytes(raw[place : place + 4], "big")
        statement = raw[place + 4 : place + 4 + length]
        place += 4 + length
        map_end = 6 + int.from_bytes(statement[4:6], "big")
        values = cbor(statement[6:map_end])
        unit = values["unit"]
        parent = parents[unit] if unit in parents else values["parent"]
        if values["kind"] not in {"unit", "device"}:
            continue
        signer = root_key if parent is None else units[parent]
        verify(signer, b"postroad/statement/v1\0" + statement[:-64], statement[-64:])
        if values["kind"] == "unit":
            units[unit], parents[unit] = values["signing"], values["parent"]
        else:
            devices[values["device"]] = values["signing"]
    return units, devices


def tree_root(place: Path, size: int) -> bytes:
    """The root of the tree whose level 0 tiles lie in a folder."""
    stack: list[bytes] = []
    tile = b""
    for index in range(size):
        if index % TILE == 0:
            width = min(TILE, size - index)
            tile = (place / tile_path(index // TILE, width)).read_bytes()
            if len(tile) != width * HASH:
                raise WrongError(f"{place.name}: a tile is cut off")
        found = tile[index % TILE * HASH : index % TILE * HASH + HASH]
        count = index
        while count & 1:
            found = node_hash(stack.pop(), found)
            count >>= 1
        stack.append(found)
    if not stack:
        return hashlib.sha256(b"").digest()
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root


def tile_path(index: int, width: int) -> str:
    """The path of a tile of level 0."""
    groups = [f"{index % GROUP:03d}"]
    while index >= GROUP:
        index //= GROUP
        groups.append(f"x{index % GROUP:03d}")
    return f"tile/0/{'/'.join(reversed(groups))}" + ("" if width == TILE else f".p/{width}")


def included(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root to which an inclusion proof leads (RFC 9162, 2.1.3.2)."""
    last = size - 1
    if not 0 <= index < size:
        raise WrongError("the proof is of no leaf")
    for step in proof:
        if last == 0:
            raise WrongError("the proof is too long")
        if index & 1 or index == last:
            leaf = node_hash(step, leaf)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            leaf = node_hash(leaf, step)
        index, last = index >> 1, last >> 1
    if last:
        raise WrongError("the proof is too short")
    return leaf


def note_of(raw: bytes) -> tuple[str, Lines]:
    """The text of a signed note, and its signature lines as name, key id, signature."""
    text, _, below = raw.decode().rpartition("\n\n")
    lines: Lines = []
    for line in below.splitlines():
        dash, name, signature = line.split(" ")
        if dash != "\u2014":
            raise WrongError("a note holds a line that is no signature")
        decoded = base64.b64decode(signature)
        lines.append((name, decoded[:4], decoded[4:]))
    return text + "\n", lines


def key_name_id(name: str, kind: int, public: bytes) -> bytes:
    """The four bytes that stand before each signature by a key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def header_of(raw: bytes) -> list[Any]:
    """The header of a record: 3 is the case, 6 the device, 8 the place in its feed."""
    if raw[:4] != b"PRD1":
        raise WrongError("this is no record")
    header: list[Any] = cbor(raw[6 : 6 + int.from_bytes(raw[4:6], "big")])
    if header[:2] != [1, 1]:
        raise WrongError("the record has another format")
    return header


def cbor(raw: bytes) -> Any:  # noqa: ANN401 - whatever the bytes hold
    """Read the subset of CBOR that records and statements use."""
    value, end = item(raw, 0)
    if end != len(raw):
        raise WrongError("something stands behind a value")
    return value


def item(raw: bytes, place: int) -> tuple[Any, int]:
    """One value and where it ends."""
    kind, low = raw[place] >> 5, raw[place] & 31
    place += 1
    if kind == SIMPLE:
        return {20: False, 21: True, 22: None}[low], place
    if low in LENGTHS:
        length = LENGTHS[low]
        low, place = int.from_bytes(raw[place : place + length], "big"), place + length
    if kind < BYTES:
        return (low if kind == 0 else -1 - low), place
    if kind in {BYTES, TEXT}:
        found = raw[place : place + low]
        return (found if kind == BYTES else found.decode()), place + low
    values: list[Any] = []
    for _ in range(low * (2 if kind == MAP else 1)):
        value, place = item(raw, place)
        values.append(value)
    return (dict(zip(values[::2], values[1::2])) if kind == MAP else values), place  # noqa: B905 - Python 3.9


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Return if the signature is by this Ed25519 key."""
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962: the hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962: the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def text_of(path: Path) -> str:
    """The text of a file."""
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
