"""The store of an installation: a file of its own, or a cluster that hubs share."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from security.slots import DatabaseKey
from sync.migration import check_whole
from sync.ports import Store
from sync.stores.sqlite import SqliteStore
from sync.wallclock import WallClock, random_bytes
from web.errors import SettingsError
from web.settings import COUCHDB, SQLCIPHER, SQLITE, Cluster, Settings
from web.unlocking import STORE, unlock

if TYPE_CHECKING:
    from sync.stores.couch import CouchStore
    from sync.stores.couch_client import ClusterSettings

PASSWORD_BYTES_MAX = 1024


def _nothing(_number: int, _last: int) -> None:
    return None


def open_store(settings: Settings, key: DatabaseKey | None = None) -> SqliteStore | CouchStore:
    """The store that the settings name, for this program alone to use.

    Args:
        settings: they name it.
        key: its key; None asks for it as `web.unlocking.unlock` does if it is sealed.

    Raises:
        SettingsError: The password of the cluster cannot be read.
        StoreError: The store cannot be opened, or another was not copied into it to the end.
    """
    store = open_of_kind(settings, settings.store_kind, key)
    try:
        if not isinstance(store, SqliteStore):
            store.prepare()
        check_whole(store)
    except BaseException:
        store.close()
        raise
    return store


def open_of_kind(
    settings: Settings, kind: str, key: DatabaseKey | None = None
) -> SqliteStore | CouchStore:
    """The store of one kind of these settings, whether it was filled to the end or not.

    Raises:
        SettingsError, StoreError: As `open_store`.
    """
    if kind == SQLITE:
        return SqliteStore.open(settings.store, random_bytes, key=store_key(settings, key))
    return open_cluster(settings)


def open_reading(settings: Settings) -> SqliteStore:
    """The store file of an installation beside its program; it is unlocked if it is sealed.

    Raises:
        SettingsError, KeyFileError, StoreError: As `open_store`.
    """
    return SqliteStore.open_for_reading(settings.store, key=store_key(settings, None))


def store_key(settings: Settings, key: DatabaseKey | None) -> bytes | None:
    """The raw key of the store file, None for a plain one.

    Raises:
        SettingsError: The settings ask for a sealed store, and it is not.
        KeyFileError: As `web.unlocking.unlock`.
    """
    found = key or unlock(settings)
    if found is None and settings.at_rest == SQLCIPHER:
        raise SettingsError(
            "node.at_rest asks for a sealed store, and there are no key slots",
            hint="Run `postroad node encrypt`.",
        )
    return found.of(STORE) if found else None


def open_cluster(
    settings: Settings, progress: Callable[[int, int], object] = _nothing
) -> CouchStore:
    """The store in the cluster of the settings.

    Raises:
        SettingsError: There is no table of that name, or the password cannot be read.
        StoreError: As `CouchStore.open`.
    """
    # An outpost never loads the library.
    from sync.stores.couch import CouchStore

    if settings.cluster is None:
        raise SettingsError(f"the settings have no table [{COUCHDB}]")
    return CouchStore.open(
        cluster_settings(settings.cluster),
        settings.index,
        WallClock(),
        random_bytes,
        progress=progress,
    )


def follow(store: Store, on_change: Callable[[], object]) -> None:
    """Hear of what other programs put into a shared store; a file of its own has none."""
    if not isinstance(store, SqliteStore):
        from sync.stores.couch import CouchStore

        if isinstance(store, CouchStore):
            store.follow(on_change)


def cluster_settings(cluster: Cluster) -> ClusterSettings:
    """What the store needs to know, with the password in it.

    Raises:
        SettingsError: The password file cannot be read, or others can read it.
    """
    from sync.stores.couch_client import ClusterSettings

    return ClusterSettings(
        urls=cluster.urls,
        user=cluster.user,
        password=_password(cluster.password_file),
        ca_file=str(cluster.ca_file) if cluster.ca_file else "",
        prefix=cluster.prefix,
        q=cluster.q,
        n=cluster.n,
        request_s=cluster.request_s,
        patience_s=cluster.patience_s,
    )


def _password(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(PASSWORD_BYTES_MAX)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(f"{path}: others can read it", hint=f"chmod 600 {path}")
    password = raw.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    if not password:
        raise SettingsError(f"{path}: its first line is empty")
    return password
