"""Databases: made, described, deleted, and their settings."""

import re

from sync.couchdb_http import json_text
from sync.couchdb_http.bulk import limit_documents
from sync.couchdb_http.documents import revs_of
from sync.couchdb_http.errors import (
    ReplyError,
    bad_request,
    no_database,
    not_found,
    not_implemented,
)
from sync.couchdb_http.replies import Reply, json_reply, raw_json_reply, url_of
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site

_NAME = re.compile(r"[a-z][a-z0-9_$()+/-]*")
_SYSTEM = frozenset({"_users", "_replicator", "_global_changes"})
_SMALL_BODY = 64 << 10
_PURGE_IDS_MAX = 100
_PURGE_REVS_MAX = 1000
_PURGED_INFOS = 1000
_NO_PURGED_INFOS = "A store alone has no copies to tell of purges, so it keeps no list of them"


def describe(site: Site, _request: Request, name: str) -> Reply:
    """What there is to know of a database; a replicator starts with it."""
    return json_reply(described(site, name))


def described(site: Site, name: str) -> dict[str, object]:
    """The description of a database as an object."""
    database = site.store.describe(name)
    return {
        "instance_start_time": database.instance_start_time,
        "db_name": name,
        "purge_seq": database.purge_seq,
        "update_seq": database.update_seq,
        "sizes": {
            "file": database.file_bytes,
            "external": database.active_bytes,
            "active": database.active_bytes,
        },
        "props": {},
        "doc_del_count": database.doc_del_count,
        "doc_count": database.doc_count,
        "disk_format_version": 8,
        "compact_running": database.compact_running,
        "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
    }


def create(site: Site, request: Request, name: str) -> Reply:
    """Make a database."""
    if not _NAME.fullmatch(name) and name not in _SYSTEM:
        raise bad_request(
            f"Name: '{name}'. Only lowercase characters (a-z), digits (0-9), and any of the "
            "characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.",
            "illegal_database_name",
        )
    if request.flag("partitioned"):
        raise bad_request("Partitioned feature is not enabled.")
    if not site.store.create_database(name):
        raise ReplyError(
            412, "file_exists", "The database could not be created, the file already exists."
        )
    return json_reply({"ok": True}, 201, {"Location": url_of(request.origin, name)})


def delete(site: Site, request: Request, name: str) -> Reply:
    """Remove a database with everything in it."""
    if "rev" in request.query:
        raise bad_request(
            "You tried to DELETE a database with a ?=rev parameter. "
            "Did you mean to DELETE a document instead?"
        )
    if not site.store.delete_database(name):
        raise no_database()
    return json_reply({"ok": True})


def ensure_full_commit(site: Site, request: Request, name: str) -> Reply:
    """Say that all is on disk, which it is whenever a write was answered."""
    request.require_json()
    started = site.store.describe(name).instance_start_time
    return json_reply({"ok": True, "instance_start_time": started}, 201)


def compact(site: Site, request: Request, name: str) -> Reply:
    """Drop what no leaf needs."""
    request.require_json()
    site.store.compact(name)
    return json_reply({"ok": True}, 202)


def compact_views(site: Site, request: Request, name: str, path: list[str]) -> Reply:
    """Nothing is left over of the views of a design document, as they are not run."""
    request.require_json()
    stored = site.store.read(name, "_design/" + "/".join(path))
    if stored is None or stored.deleted:
        raise not_found()
    return json_reply({"ok": True}, 202)


def clean_views(site: Site, _request: Request, name: str) -> Reply:
    """Nothing is left over of views, as there are none."""
    site.store.describe(name)
    return json_reply({"ok": True}, 202)


def get_revs_limit(site: Site, _request: Request, name: str) -> Reply:
    """How many revisions of a branch are remembered."""
    return json_reply(site.store.describe(name).revs_limit)


def put_revs_limit(site: Site, request: Request, name: str) -> Reply:
    """Remember so many revisions of a branch."""
    limit = request.json(_SMALL_BODY)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise bad_request("`revs_limit` must be positive integer")
    site.store.set_revs_limit(name, limit)
    return json_reply({"ok": True})


def get_security(site: Site, _request: Request, name: str) -> Reply:
    """The object that names members and admins; here it is kept, and grants nothing."""
    return raw_json_reply(site.store.security(name))


def put_security(site: Site, request: Request, name: str) -> Reply:
    """Replace the object that names members and admins."""
    security = request.json(_SMALL_BODY)
    if not isinstance(security, dict):
        raise bad_request("Security object must be a JSON object")
    for group in ("admins", "members"):
        entry = security.get(group, {})
        if not isinstance(entry, dict):
            raise bad_request(f"{group} must be a JSON object")
        for names in ("names", "roles"):
            if not isinstance(entry.get(names, []), list):
                raise bad_request(f"{names} must be a JSON list of strings")
    site.store.set_security(name, json_text.encode(security))
    return json_reply({"ok": True})


def purge(site: Site, request: Request, name: str) -> Reply:
    """Forget leaves for ever; peers are not told."""
    request.require_json()
    asked = {
        document_id: revs_of(revs)
        for document_id, revs in request.json_object(site.limits.json_bytes).items()
    }
    if len(asked) > _PURGE_IDS_MAX:
        raise bad_request("Exceeded maximum number of documents.")
    if sum(map(len, asked.values())) > _PURGE_REVS_MAX:
        raise bad_request("Exceeded maximum number of revisions.")
    done = site.store.purge(name, asked)
    purged = {document_id: done.purged.get(document_id, ()) for document_id in asked}
    return json_reply({"purge_seq": done.purge_seq, "purged": purged}, 201)


def get_purged_infos_limit(site: Site, _request: Request, name: str) -> Reply:
    """How many purges a cluster remembers; here there is nobody else to tell."""
    site.store.describe(name)
    return json_reply(_PURGED_INFOS)


def put_purged_infos_limit(site: Site, request: Request, name: str) -> Reply:
    """Refuse to remember more or fewer purges, as none is remembered."""
    limit = request.json(_SMALL_BODY)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise bad_request("`purged_infos_limit` must be positive integer")
    site.store.describe(name)
    raise not_implemented(_NO_PURGED_INFOS)


def purged_infos(site: Site, _request: Request, name: str) -> Reply:
    """Say that purges are counted and not listed."""
    site.store.describe(name)
    raise not_implemented(_NO_PURGED_INFOS)


def databases_info(site: Site, request: Request) -> Reply:
    """`_dbs_info`: the descriptions of several databases, or of all."""
    if request.method == "GET":
        names = site.store.databases()
        return json_reply([{"key": name, "info": described(site, name)} for name in names])
    request.require_json()
    keys = request.json_object(_SMALL_BODY).get("keys")
    if not isinstance(keys, list):
        raise bad_request("`keys` member must exist.")
    limit_documents(site, len(keys))
    known = set(site.store.databases())
    rows: list[dict[str, object]] = []
    for key in keys:
        if isinstance(key, str) and key in known:
            rows.append({"key": key, "info": described(site, key)})
        else:
            rows.append({"key": key, "error": "not_found"})
    return json_reply(rows)
