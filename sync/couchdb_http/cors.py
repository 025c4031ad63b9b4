"""Pages of other origins: shut out unless the operator names them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.couchdb_http.replies import Reply
from sync.couchdb_http.requests import Request

_METHODS = "GET, PUT, POST, HEAD, DELETE, COPY"
_HEADERS = (
    "accept, authorization, content-type, origin, referer, if-match, destination, "
    "x-couch-full-commit, last-event-id"
)
_EXPOSED = (
    "Cache-Control, Accept-Ranges, ETag, Server, X-Couch-Request-ID, Location, Content-Range"
)
_PREFLIGHT_S = "600"


@dataclass(frozen=True, slots=True)
class Cors:
    """Which origins may read answers in a browser.

    Attributes:
        origins: As `https://example.gov.cn`, or `*` for all; none means CORS is off.
        credentials: Whether browsers may send cookies along; never together with `*`.
    """

    origins: tuple[str, ...] = ()
    credentials: bool = False

    def headers(self, request: Request) -> Mapping[str, str]:
        """What to add to an answer; nothing if the origin is not allowed."""
        origin = request.headers.get("origin", "")
        everyone = "*" in self.origins
        if not origin or not (everyone or origin in self.origins):
            return {}
        added = {
            "Access-Control-Allow-Origin": "*" if everyone else origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Vary": "Origin",
        }
        if self.credentials and not everyone:
            added["Access-Control-Allow-Credentials"] = "true"
        return added

    def preflight(self, request: Request) -> Reply | None:
        """The answer to a browser that asks before it asks; None if this is no such request."""
        wanted = request.headers.get("access-control-request-method")
        if request.method != "OPTIONS" or not wanted or not self.headers(request):
            return None
        return Reply(
            204,
            b"",
            {
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _HEADERS,
                "Access-Control-Max-Age": _PREFLIGHT_S,
            },
        )
