"""Forms that are being filled in: kept by this machine, sealed, until they become a case.

A draft is a local document of the store. It never leaves the machine, is durable when saving
returns, and is sealed under a key that follows from the installation's own secret: the file of
the store alone tells nobody what an applicant said.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync.ports import RandomBytes, Store
from web.context import context

PREFIX = "form/"
DRAFT_BYTES_MAX = 256 * 1024
DRAFTS_MAX = 50
"""Forms that one clerk may leave open; the oldest goes when another one is begun."""

_KEY_BYTES, _NONCE_BYTES = 32, 12
_TOKEN = 32


@dataclass(frozen=True, slots=True)
class Draft:
    """A form as it was last saved: for which item, when, and what was typed."""

    token: str
    item: str
    saved_ms: int
    values: Mapping[str, str] = field(repr=False)


class Drafts:
    """The drafts of one installation, each under the clerk who began it."""

    def __init__(self, store: Store, secret: bytes, random_bytes: RandomBytes) -> None:
        """Take the store and the installation's secret; nothing is read yet."""
        self._store = store
        key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"postroad drafts").derive(secret)
        self._seal = AESGCM(key)
        self._random_bytes = random_bytes

    def save(self, clerk: str, draft: Draft) -> bool:
        """Keep a draft, durable on return; tell whether it was small enough to be kept.

        Raises:
            StoreError: It could not be written; the draft before it stays.
        """
        name = _name(clerk, draft.token)
        content = {"item": draft.item, "ms": draft.saved_ms, "values": dict(draft.values)}
        plain = json.dumps(content, ensure_ascii=False).encode()
        if len(plain) > DRAFT_BYTES_MAX or len(draft.token) != _TOKEN:
            return False
        nonce = self._random_bytes(_NONCE_BYTES)
        sealed = nonce + self._seal.encrypt(nonce, plain, name.encode())
        surplus = [] if self._store.local(name) else self.of(clerk)[DRAFTS_MAX - 1 :]
        gone = {_name(clerk, each.token): None for each in surplus}
        self._store.put([], {**gone, name: sealed})
        return True

    def load(self, clerk: str, token: str) -> Draft | None:
        """Return a draft of this clerk, None where there is none or it does not open."""
        name = _name(clerk, token)
        sealed = self._store.local(name) if len(token) == _TOKEN else None
        return self._opened(name, token, sealed) if sealed else None

    def of(self, clerk: str) -> list[Draft]:
        """Return the drafts of a clerk, the one saved last first."""
        prefix = _name(clerk, "")
        kept = self._store.locals(prefix).items()
        found = [self._opened(name, name.removeprefix(prefix), sealed) for name, sealed in kept]
        return sorted(filter(None, found), key=lambda draft: draft.saved_ms, reverse=True)

    def forget(self, clerk: str, token: str) -> None:
        """Drop a draft: it has become a case, or the clerk does not want it any more.

        Raises:
            StoreError: It could not be dropped.
        """
        name = _name(clerk, token)
        if len(token) == _TOKEN and self._store.local(name) is not None:
            self._store.put([], {name: None})

    def _opened(self, name: str, token: str, sealed: bytes) -> Draft | None:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            content = json.loads(self._seal.decrypt(nonce, rest, name.encode()))
        except (InvalidTag, ValueError):
            # Sealed under another secret: the folder was copied without its key.
            return None
        return Draft(token, content["item"], content["ms"], content["values"])


def drafts_here() -> Drafts:
    """The drafts of the installation that serves the current request."""
    here = context()
    return Drafts(here.casebook.local_store, here.secret, here.random_bytes)


def _name(clerk: str, token: str) -> str:
    return f"{PREFIX}{clerk}/{token}"
