"""Acts of enrolment by name: give tokens, list who waits, approve, answer a request file."""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from hub.enrolment import Enrolments, Given, Terms
from security.errors import FormatError, TrustError
from security.registry import Registry
from security.tokens import Token, format_token

Fields = Mapping[str, object]
Row = tuple[str, dict[str, object]]


class EnrolmentActs:
    """What the command line may ask of enrolment."""

    def __init__(self, registry: Registry, enrolments: Enrolments) -> None:
        """Take the living registry, and what gives tokens."""
        self._registry = registry
        self._enrolments = enrolments

    def by_name(self, own: str) -> dict[str, Callable[[Fields], list[Row]]]:
        """The acts of a hub whose unit is `own`."""
        return {
            "token": lambda fields: self._give(fields, own),
            "queue": lambda _fields: [_waiting(each) for each in self._enrolments.queue()],
            "approve": lambda fields: self._decide(fields, yes=True),
            "reject": lambda fields: self._decide(fields, yes=False),
            "enrol": self._take,
        }

    def _give(self, fields: Fields, own: str) -> list[Row]:
        unit = text_of(fields, "unit")
        if fields.get("below") is not True:
            return [self._token_row(self._enrolments.give(_terms(fields, unit)))]
        if unit != own:
            raise TrustError(f"a batch is for what stands directly below {own}")
        empty = [
            child.code
            for child in self._registry.children(own)
            if not child.closed
            and not any(
                self._registry.is_active(device.id)
                for device in self._registry.devices(child.code)
            )
        ]
        terms = [_terms(fields, code) for code in empty]
        return [self._token_row(self._enrolments.give(each)) for each in terms]

    def _token_row(self, token: Token) -> Row:
        told: dict[str, object] = {
            "unit": token.unit,
            "name": self._registry.unit(token.unit).name,
            "device": token.device,
            "until": datetime.fromtimestamp(token.expires_s, UTC).isoformat(" ", "minutes"),
            "token": format_token(token),
        }
        return "hub.token.given", told

    def _decide(self, fields: Fields, *, yes: bool) -> list[Row]:
        device, _, keys = text_of(fields, "request").partition("/")
        decided = self._enrolments.decide(device, keys, yes=yes)
        return [("hub.approved" if yes else "hub.rejected", {"device": decided.device})]

    def _take(self, fields: Fields) -> list[Row]:
        try:
            raw = base64.b64decode(text_of(fields, "content"), validate=True)
        except binascii.Error as error:
            raise FormatError("this is not a request of enrolment") from error
        answer = self._enrolments.take(raw, clerk=str(fields.get("by", "")))
        if answer is None:
            return [("hub.enrol.waits", {})]
        return [("hub.enrol.answered", {"content": base64.b64encode(answer).decode()})]


def text_of(fields: Fields, key: str, *, default: str = "") -> str:
    """Return a field that must be there.

    Raises:
        TrustError: It is not, or is no text.
    """
    value = fields.get(key) or default
    if not isinstance(value, str) or not value:
        raise TrustError(f"{key} is missing")
    return value


def _terms(fields: Fields, unit: str) -> Terms:
    hours, replaces = fields.get("valid_hours", 72), fields.get("replaces", "")
    addresses = fields.get("addresses", [])
    if not isinstance(hours, int) or isinstance(hours, bool):
        raise TrustError("valid_hours is not a number")
    if not isinstance(addresses, list) or not isinstance(replaces, str):
        raise TrustError("addresses or replaces is not well-formed")
    needs_approval = fields.get("approve") is True
    return Terms(unit, hours, needs_approval, replaces, tuple(map(str, addresses)))


def _waiting(given: Given) -> Row:
    request = f"{given.device}/{given.fingerprint}"
    return "hub.waiting", {"request": request, "replaces": given.replaces}
