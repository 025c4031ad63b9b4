"""From method and path to the endpoint, by the rules of CouchDB."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from sync.couchdb_http import (
    attachments,
    bulk,
    bulk_get,
    changes,
    databases,
    documents,
    finding,
    listing,
    local_documents,
    root,
)
from sync.couchdb_http.errors import bad_request, method_not_allowed, not_found, not_implemented
from sync.couchdb_http.replies import Reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site

_Endpoint = TypeVar("_Endpoint")
_OfServer = Callable[[Site, Request], Reply]
_OfDatabase = Callable[[Site, Request, str], Reply]

_SERVER: Mapping[str, Mapping[str, _OfServer]] = {
    "": {"GET": root.welcome},
    "_all_dbs": {"GET": root.all_databases},
    "_dbs_info": {"GET": databases.databases_info, "POST": databases.databases_info},
    "_up": {"GET": root.up},
    "_uuids": {"GET": root.uuids},
    "_active_tasks": {"GET": root.active_tasks},
    "_membership": {"GET": root.membership},
}

_REPLICATOR = frozenset({"_replicate", "_scheduler"})
_OPERATION = frozenset({"_node", "_cluster_setup", "_reshard", "_db_updates", "_utils"})

_DATABASE: Mapping[str, Mapping[str, _OfDatabase]] = {
    "": {
        "DELETE": databases.delete,
        "GET": databases.describe,
        "POST": documents.post_document,
        "PUT": databases.create,
    },
    "_all_docs": {"GET": listing.all_docs, "POST": listing.all_docs},
    "_all_docs/queries": {"POST": listing.all_docs_queries},
    "_bulk_docs": {"POST": bulk.bulk_docs},
    "_bulk_get": {"POST": bulk_get.bulk_get},
    "_changes": {"GET": changes.changes, "POST": changes.changes},
    "_compact": {"POST": databases.compact},
    "_design_docs": {"GET": listing.design_docs, "POST": listing.design_docs},
    "_ensure_full_commit": {"POST": databases.ensure_full_commit},
    "_explain": {"POST": finding.explain},
    "_find": {"POST": finding.find},
    "_index": {"GET": finding.list_indexes, "POST": finding.make_index},
    "_local_docs": {"GET": listing.local_docs, "POST": listing.local_docs},
    "_missing_revs": {"POST": bulk.missing_revs},
    "_purge": {"POST": databases.purge},
    "_purged_infos": {"GET": databases.purged_infos},
    "_purged_infos_limit": {
        "GET": databases.get_purged_infos_limit,
        "PUT": databases.put_purged_infos_limit,
    },
    "_revs_diff": {"POST": bulk.revs_diff},
    "_revs_limit": {"GET": databases.get_revs_limit, "PUT": databases.put_revs_limit},
    "_security": {"GET": databases.get_security, "PUT": databases.put_security},
    "_view_cleanup": {"POST": databases.clean_views},
}

_OfDocument = Callable[[Site, Request, str, str], Reply]

_DOCUMENT: Mapping[str, _OfDocument] = {
    "COPY": documents.copy_document,
    "DELETE": documents.delete_document,
    "GET": documents.get_document,
    "PUT": documents.put_document,
}

_OF_DESIGN: Mapping[str, Mapping[str, Callable[[Site, Request, str, list[str]], Reply]]] = {
    "_compact": {"POST": databases.compact_views},
    "_index": {"DELETE": finding.delete_index},
}

_LOCAL: Mapping[str, _OfDocument] = {
    "DELETE": local_documents.delete_local,
    "GET": local_documents.get_local,
    "PUT": local_documents.put_local,
}

_ATTACHMENT: Mapping[str, Callable[[Site, Request, str, str, str], Reply]] = {
    "DELETE": attachments.delete_attachment,
    "GET": attachments.get_attachment,
    "PUT": attachments.put_attachment,
}


def route(site: Site, request: Request) -> Reply:
    """The answer to a request.

    Raises:
        ReplyError: There is nothing at that path, or not with that method.
    """
    first, *rest = request.path or ("",)
    if not rest and first in _SERVER:
        return _chosen(_SERVER[first], request)(site, request)
    _refuse_other_services(first)
    if request.method != "PUT" or rest:
        # An unknown database is said before an unknown method.
        _require_database(site, first)
    if "/".join(rest) in _DATABASE:
        return _chosen(_DATABASE["/".join(rest)], request)(site, request, first)
    return _document(site, request, first, tuple(rest))


def _refuse_other_services(first: str) -> None:
    if first in _REPLICATOR:
        raise not_implemented(
            "This server does not replicate by itself: name it as source or target to the "
            "replicator of CouchDB or PouchDB"
        )
    if first in _OPERATION:
        raise not_implemented(f"This server is operated by its own commands, not by {first}")


def _require_database(site: Site, name: str) -> None:
    site.store.describe(name)


def _document(site: Site, request: Request, name: str, path: tuple[str, ...]) -> Reply:
    first, *rest = path
    if first in {"_design", "_local"} and rest:
        first, *rest = f"{first}/{rest[0]}", *rest[1:]
    if first in {"_local", "_local/"}:
        raise bad_request("Invalid _local document id.")
    if first in _OF_DESIGN:
        return _chosen(_OF_DESIGN[first], request)(site, request, name, rest)
    if first.startswith("_local/"):
        if rest:
            raise bad_request("_local documents do not accept attachments.")
        local_id = first.removeprefix(local_documents.PREFIX)
        return _chosen(_LOCAL, request)(site, request, name, local_id)
    if first.startswith("_") and not first.startswith("_design/"):
        if request.method in {"GET", "DELETE"}:
            raise not_found()
        raise bad_request(
            "Only reserved document ids may start with underscore.", "illegal_docid"
        )
    if rest and rest[0].startswith("_") and first.startswith("_design/"):
        raise not_implemented(f"This server runs no JavaScript, so it has no {rest[0]}")
    if rest:
        attachment = "/".join(rest)
        return _chosen(_ATTACHMENT, request)(site, request, name, first, attachment)
    return _chosen(_DOCUMENT, request)(site, request, name, first)


def _chosen(methods: Mapping[str, _Endpoint], request: Request) -> _Endpoint:
    endpoint = methods.get(request.method)
    if endpoint is None:
        named = sorted({*methods, *({"HEAD"} if "GET" in methods else ())})
        raise method_not_allowed(",".join(named))
    return endpoint
