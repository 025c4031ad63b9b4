"""What stands above the databases: welcome, lists, health."""

from sync.couchdb_http.errors import bad_request
from sync.couchdb_http.replies import Reply, etag_of, json_reply
from sync.couchdb_http.requests import Request
from sync.couchdb_http.site import Site

PROTOCOL_VERSION = "3.5.0"
"""The CouchDB whose protocol this is; some clients choose their ways by it."""

_UUIDS_MAX = 1000


def welcome(site: Site, _request: Request) -> Reply:
    """Who this is.

    `uuid` changes when the store is restored or cloned: then the checkpoints of PouchDB, which
    are named after it, no longer hold.
    """
    return json_reply(
        {
            "couchdb": "Welcome",
            "version": PROTOCOL_VERSION,
            "git_sha": "",
            "uuid": site.store.incarnation,
            "features": [],
            "vendor": {"name": "Postroad", "version": site.version},
        }
    )


def all_databases(site: Site, request: Request) -> Reply:
    """The names of all databases."""
    names = list(site.store.databases())
    start = request.json_value("startkey" if "startkey" in request.query else "start_key")
    end = request.json_value("endkey" if "endkey" in request.query else "end_key")
    if request.flag("descending"):
        names.reverse()
        start, end = end, start
    if isinstance(start, str):
        names = [name for name in names if name >= start]
    if isinstance(end, str):
        names = [name for name in names if name <= end]
    skip = request.number("skip", 0)
    limit = request.number("limit", len(names))
    return json_reply(names[skip : skip + limit])


def up(site: Site, _request: Request) -> Reply:
    """That the server is there and its store too."""
    site.store.databases()
    return json_reply({"status": "ok", "seeds": {}})


def uuids(site: Site, request: Request) -> Reply:
    """Ids for new documents."""
    count = request.number("count", 1)
    if count > _UUIDS_MAX:
        raise bad_request(f"count parameter too large; at most {_UUIDS_MAX}")
    made = [site.new_id() for _ in range(count)]
    headers = {
        "Cache-Control": "no-cache, no-store",
        "Pragma": "no-cache",
        "ETag": etag_of(*made),
    }
    return json_reply({"uuids": made}, headers=headers)


def active_tasks(_site: Site, _request: Request) -> Reply:
    """Long work that is going on; compactions are over before they are answered."""
    return json_reply([])


def membership(_site: Site, _request: Request) -> Reply:
    """The nodes of the cluster, which is one."""
    return json_reply(
        {"all_nodes": ["postroad@localhost"], "cluster_nodes": ["postroad@localhost"]}
    )
