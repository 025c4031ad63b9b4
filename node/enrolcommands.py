"""`postroad node enrol`: this machine becomes a node of a network, by its token."""

import argparse
import sys
from pathlib import Path

from node.enrolling import NewNode, Ports, ask_until, newcomer_of
from security.enrolment import ANSWER_BYTES_MAX, read_request
from security.keystore import NodeKeys
from security.tokens import TEXT_LENGTH_MAX, parse_token
from sync.wallclock import WallClock, random_bytes
from web.errors import SettingsError
from web.terminal import Commands

_MINUTE_S = 60


def add_commands(verbs: Commands) -> None:
    """Add it to the subject `node`."""
    enrol = verbs.add_parser(
        "enrol", help="node.enrol.help", description="node.enrol.description"
    )
    enrol.add_argument("token", nargs="?", metavar="TOKEN", help="node.enrol.token")
    enrol.add_argument(
        "--out", required=True, type=Path, metavar="FOLDER", help="node.enrol.out"
    )
    enrol.add_argument("--request", type=Path, metavar="FILE", help="node.enrol.request")
    enrol.add_argument("--answer", type=Path, metavar="FILE", help="node.enrol.answer")
    enrol.add_argument(
        "--port", type=int, metavar="PORT", default=20000, help="node.enrol.port"
    )
    enrol.add_argument(
        "--wait-minutes", type=int, metavar="N", default=30, help="node.enrol.wait"
    )
    enrol.set_defaults(run=enrol_node)


def enrol_node(arguments: argparse.Namespace) -> None:
    """Enrol this machine, or do its half of an enrolment by USB.

    Raises:
        SettingsError: A file or the folder cannot be used.
        SecurityError, SyncError, CaseError: The hub refused, or its answer cannot be trusted.
    """
    folder, clock, terminal = arguments.out, WallClock(), arguments.terminal
    node = NewNode(folder, clock, random_bytes)
    ports = Ports(pages=arguments.port, door=arguments.port + 1)
    if arguments.answer is not None:
        answer: bytes | None = _read(arguments.answer)
    else:
        token = parse_token(_text(arguments.token)) if arguments.token else node.token()
        request = node.begin(token)
        keys = read_request(request).fingerprint
        if arguments.request is not None:
            arguments.request.write_bytes(request)
            terminal.say("node.enrol.requested", file=str(arguments.request), keys=keys)
            return
        answer = ask_until(
            token,
            request,
            clock,
            lambda: terminal.say("node.enrol.waits", device=token.device, keys=keys),
            arguments.wait_minutes * _MINUTE_S,
        )
    if answer is None:
        terminal.say("node.enrol.later", folder=str(folder))
        return
    token = node.token()
    node.finish(answer, ports)
    keys = newcomer_of(token, NodeKeys.load(folder / "keys")).fingerprint
    told = {"device": token.device, "keys": keys, "logins": str(folder / "logins.txt")}
    terminal.say("node.enrolled", config=str(folder / "config.toml"), **told)


def _text(word: str) -> str:
    """The token itself, or `-`: from standard input, where no list of processes shows it."""
    return sys.stdin.read(2 * TEXT_LENGTH_MAX) if word == "-" else word


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(ANSWER_BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
