"""Policies of C2SP tlog-policy: which logs are known, and whose cosignatures make one final."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from security.errors import FormatError
from security.tlog_notes import COSIGNATURE, LOG, SignedCheckpoint, Verifier, parse_vkey

POLICY_BYTES_MAX = 64 << 10
MEMBERS_MAX = 64
NONE = "none"

_WORD = re.compile(r"[^ \t\x00-\x1f]{1,128}")
_THRESHOLD = re.compile(r"[1-9][0-9]?")


@dataclass(frozen=True, slots=True)
class Group:
    """A rule: at least `least` of `members`, which are witnesses or groups before it."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs and witnesses by name, groups by name, and the one whose word is needed."""

    logs: tuple[Verifier, ...] = ()
    witnesses: Mapping[str, Verifier] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    def log_of(self, signed: SignedCheckpoint) -> Verifier | None:
        """The log of this policy that signed the checkpoint, None where none did."""
        for log in self.logs:
            if log.name == signed.checkpoint.origin and signed.signed_by(log) is not None:
                return log
        return None

    def is_final(self, signed: SignedCheckpoint) -> bool:
        """Tell whether a known log signed and the quorum of witnesses cosigned.

        Signed by the log alone a checkpoint is provisional: one party's word.
        """
        return self.log_of(signed) is not None and self._holds(self.quorum, signed)

    def times(self, signed: SignedCheckpoint) -> dict[str, int]:
        """When each witness cosigned, in seconds since 1970, by its name in the policy."""
        found = {name: signed.signed_by(each) for name, each in self.witnesses.items()}
        return {name: seconds for name, seconds in found.items() if seconds is not None}

    def _holds(self, name: str, signed: SignedCheckpoint) -> bool:
        # A group names only what stands before it, so this ends.
        if name == NONE:
            return True
        if name in self.witnesses:
            return signed.signed_by(self.witnesses[name]) is not None
        group = self.groups[name]
        return sum(self._holds(member, signed) for member in group.members) >= group.least


def format_policy(policy: Policy, remarks: Sequence[str] = ()) -> str:
    """Give the text of a policy, remarks first."""
    lines = [*(f"# {remark}" for remark in remarks)]
    lines += [f"log {log.vkey}" for log in policy.logs]
    lines += [f"witness {name} {each.vkey}" for name, each in policy.witnesses.items()]
    lines += [
        f"group {name} {group.least} {' '.join(group.members)}"
        for name, group in policy.groups.items()
    ]
    return "\n".join([*lines, f"quorum {policy.quorum}", ""])


def parse_policy(text: str) -> Policy:
    """Read the text of a policy.

    Raises:
        FormatError: A line is not one of the format; the message names its number.
    """
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise FormatError("the policy is too long")
    draft = _Draft()
    for number, line in enumerate(text.split("\n"), 1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            draft.number = number
            draft.take(words)
    if draft.quorum is None:
        raise FormatError("the policy names no quorum")
    return Policy(tuple(draft.logs), draft.witnesses, draft.groups, draft.quorum)


@dataclass(slots=True)
class _Draft:
    logs: list[Verifier] = field(default_factory=list)
    witnesses: dict[str, Verifier] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    quorum: str | None = None
    number: int = 0

    def take(self, words: list[str]) -> None:
        if any(_WORD.fullmatch(word) is None for word in words):
            raise self._fault("holds a character that has no place there")
        match words:
            case ["log", vkey, *rest] if len(rest) <= 1:
                self._add_log(vkey)
            case ["witness", name, vkey, *rest] if len(rest) <= 1:
                self._add_witness(name, vkey)
            case ["group", name, least, *members] if members:
                self._add_group(name, least, members)
            case ["quorum", name] if self.quorum is None and self._is_known(name):
                self.quorum = name
            case _:
                raise self._fault("is not a line of a policy")

    def _add_log(self, vkey: str) -> None:
        verifier = self._key(vkey, LOG)
        if any(verifier.public == log.public for log in self.logs):
            raise self._fault("names a log twice")
        self.logs.append(verifier)

    def _add_witness(self, name: str, vkey: str) -> None:
        verifier = self._key(vkey, COSIGNATURE)
        if any(verifier.public == each.public for each in self.witnesses.values()):
            raise self._fault("names a witness twice")
        self._check_free(name)
        self.witnesses[name] = verifier

    def _add_group(self, name: str, least: str, members: list[str]) -> None:
        if len(members) > MEMBERS_MAX or len(set(members)) != len(members):
            raise self._fault("has too many members, or one twice")
        for member in members:
            if member == NONE or not self._is_known(member) or member in self.taken:
                raise self._fault(f"has the member {member}, which cannot stand there")
        self._check_free(name)
        counts = {"all": len(members), "any": 1}
        if least not in counts and _THRESHOLD.fullmatch(least) is None:
            raise self._fault("has no threshold")
        count = counts.get(least) or int(least)
        if count > len(members):
            raise self._fault("asks for more members than it has")
        self.taken.update(members)
        self.groups[name] = Group(count, tuple(members))

    def _key(self, vkey: str, kind: int) -> Verifier:
        verifier = parse_vkey(vkey)
        if verifier.kind != kind:
            raise self._fault("has a key of another kind")
        return verifier

    def _check_free(self, name: str) -> None:
        if name == NONE or self._is_known(name):
            raise self._fault(f"gives the name {name} again")

    def _is_known(self, name: str) -> bool:
        return name == NONE or name in self.witnesses or name in self.groups

    def _fault(self, what: str) -> FormatError:
        return FormatError(f"line {self.number} of the policy {what}")
