"""`postroad hub reindex` and `migrate-store`: the store of a hub that stands on a cluster."""

from __future__ import annotations

import argparse
from pathlib import Path

from web.errors import SettingsError
from web.progress import Progress
from web.settings import COUCHDB, SQLITE, Settings, load_settings
from web.terminal import Commands


def add_commands(verbs: Commands) -> None:
    """Add the words to `postroad hub`."""
    reindex = verbs.add_parser(
        "reindex", help="hub.reindex.help", description="hub.reindex.description"
    )
    reindex.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    reindex.set_defaults(run=reindex_store)
    migrate = verbs.add_parser(
        "migrate-store", help="hub.migrate.help", description="hub.migrate.description"
    )
    migrate.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    migrate.add_argument(
        "--to", required=True, choices=(COUCHDB, SQLITE), help="hub.migrate.to.help"
    )
    migrate.set_defaults(run=migrate_store)


def reindex_store(arguments: argparse.Namespace) -> None:
    """Build the index of a hub's cluster anew, and take in what a replicator brought.

    Raises:
        SettingsError: The settings name no cluster.
        StoreError: The hub is running, or the cluster does not answer.
    """
    from sync.adoption import adopt
    from sync.authority import Authority
    from sync.stores.couch_index import forget_index
    from web.opening import load_registry
    from web.storing import open_cluster

    settings = _settings(arguments.config)
    authority = Authority(load_registry(settings))
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    forget_index(settings.index)
    bar = Progress(arguments.terminal, "hub.reindex.progress")
    store = open_cluster(settings, bar)
    try:
        bar.close()
        taking = Progress(arguments.terminal, "hub.reindex.taking")
        adopted = adopt(store, authority, taking)
        taking.close()
        arguments.terminal.say(
            "hub.reindex.done",
            last_seq=store.last_seq,
            incarnation=store.incarnation,
            records=adopted.records,
            refused=adopted.refused,
        )
    finally:
        store.close()


def migrate_store(arguments: argparse.Namespace) -> None:
    """Copy a hub's store from its file to a cluster or back, and compare the two.

    Raises:
        SettingsError: The settings name no cluster.
        StoreError: The hub is running, the target holds something else, or the copy differs.
    """
    from sync.migration import copy_store
    from web.storing import open_of_kind

    settings = _settings(arguments.config)
    kinds = (SQLITE, COUCHDB) if arguments.to == COUCHDB else (COUCHDB, SQLITE)
    if arguments.to == COUCHDB and not settings.store.exists():
        raise SettingsError(f"{settings.store} does not exist: there is nothing to copy")
    source = open_of_kind(settings, kinds[0])
    try:
        target = open_of_kind(settings, kinds[1])
        try:
            bar = Progress(arguments.terminal, "hub.migrate.progress")
            copied = copy_store(source, target, bar)
            bar.close()
        finally:
            target.close()
    finally:
        source.close()
    arguments.terminal.say(
        "hub.migrate.done",
        store=arguments.to,
        documents=sum(copied.documents.values()),
        databases=copied.documents,
        locals=copied.locals,
        last_seq=copied.last_seq,
        digest=copied.digest,
    )


def _settings(config: Path) -> Settings:
    settings = load_settings(config)
    if settings.cluster is None:
        raise SettingsError(
            f"{config}: there is no table [{COUCHDB}]",
            hint="Add it; configs/hub-couchdb.toml is an example.",
        )
    return settings
