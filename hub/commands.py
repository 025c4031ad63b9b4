"""`postroad hub unit|device|key|exposure|publish`: acts on the registry from the command line.

While the hub runs, the command asks it over loopback with the key of its data folder. While it
rests, the command opens the installation itself; one store has one program.
"""

import argparse
import base64
import getpass
import hashlib
import http.client
import json
from datetime import datetime
from pathlib import Path

from hub.controlwords import BODY_BYTES_MAX, KEY_FILE, PREFIX
from security.errors import TrustError
from web.errors import SettingsError
from web.settings import Settings, load_settings
from web.terminal import Commands

_TIMEOUT_S = 120.0
_VERSION_DIGITS = 12

Answer = list[tuple[str, dict[str, object]]]


def add_acts(verbs: Commands) -> None:
    """Add the acts to the subject `hub`."""
    unit = _group(verbs, "unit")
    _act(unit, "unit", "list").add_argument("unit", nargs="?", metavar="UNIT", help=_UNIT)
    add = _act(unit, "unit", "add")
    for name in ("unit", "name", "tier"):
        add.add_argument(name, metavar=name.upper(), help=f"hub.act.{name}")
    add.add_argument("--parent", metavar="UNIT", help="hub.act.parent")
    move = _act(unit, "unit", "move")
    move.add_argument("unit", metavar="UNIT", help=_UNIT)
    move.add_argument("--to", required=True, metavar="UNIT", help="hub.act.parent")
    merge = _act(unit, "unit", "merge")
    merge.add_argument("unit", metavar="UNIT", help=_UNIT)
    merge.add_argument("--into", required=True, metavar="UNIT", help="hub.act.into")
    _act(unit, "unit", "close").add_argument("unit", metavar="UNIT", help=_UNIT)
    gateway = _act(unit, "unit", "gateway")
    gateway.add_argument("unit", metavar="UNIT", help=_UNIT)
    gateway.add_argument("addresses", metavar="ADDRESS", nargs="+", help="hub.act.address")
    device = _group(verbs, "device")
    _act(device, "device", "list").add_argument("unit", nargs="?", metavar="UNIT", help=_UNIT)
    revoke = _act(device, "device", "revoke")
    revoke.add_argument("device", metavar="DEVICE", help="hub.act.device")
    revoke.add_argument("--after", type=int, metavar="POSITION", help="hub.act.after")
    key = _group(verbs, "key")
    _act(key, "key", "rotate").add_argument("unit", metavar="UNIT", help=_UNIT)
    exposure = _act(verbs, "", "exposure")
    exposure.add_argument("device", metavar="DEVICE", help="hub.act.device")
    exposure.add_argument("--csv", action="store_true", help="hub.act.csv")
    _add_publish(verbs)


_UNIT = "hub.act.unit"


def _add_publish(verbs: Commands) -> None:
    publish = _act(verbs, "", "publish")
    publish.add_argument("name", metavar="NAME", help="hub.act.set")
    publish.add_argument("file", metavar="FILE", type=Path, help="hub.act.file")
    publish.add_argument("--version", metavar="TEXT", help="hub.act.version")
    publish.add_argument("--effective", metavar="TIME", help="hub.act.effective")
    publish.add_argument("--preview", action="store_true", help="hub.act.preview")


def _group(verbs: Commands, name: str) -> Commands:
    parser = verbs.add_parser(name, help=f"hub.{name}.help", description=f"hub.{name}.help")
    group: Commands = parser.add_subparsers(dest="act")
    return group


def _act(group: Commands, subject: str, verb: str) -> argparse.ArgumentParser:
    name = f"{subject}.{verb}" if subject else verb
    parser = group.add_parser(verb, help=f"hub.{name}.help", description=f"hub.{name}.help")
    parser.add_argument("--config", required=True, type=Path, help="hub.run.config.help")
    parser.set_defaults(run=_perform, act_name=name)
    return parser


def perform_act(config: Path, act: str, fields: dict[str, object]) -> Answer:
    """Let the running hub do an act, or do it while the hub rests; returns the lines to tell.

    Raises:
        SettingsError: The configuration cannot be used, or the hub does not answer.
        CaseError, CasebookError, SecurityError, SyncError: It was refused.
    """
    settings = load_settings(config)
    rows = _ask(settings, act, fields)
    return _alone(settings, act, fields) if rows is None else rows


def _perform(arguments: argparse.Namespace) -> None:
    """Do one act and say what came of it.

    Raises:
        SettingsError: The configuration or the file cannot be used, or the hub does not answer.
        CaseError, CasebookError, SecurityError, SyncError: It was refused.
    """
    for key, params in perform_act(arguments.config, arguments.act_name, _fields(arguments)):
        arguments.terminal.say(key, **params)


def _fields(arguments: argparse.Namespace) -> dict[str, object]:
    names = (
        *("unit", "name", "tier", "parent", "to", "into", "device", "after"),
        *("csv", "version", "preview", "addresses"),
    )
    given = {name: getattr(arguments, name, None) for name in names}
    fields = {name: value for name, value in given.items() if value is not None}
    fields["clerk"] = getpass.getuser()
    if arguments.act_name == "publish":
        content = read_content(arguments.file)
        fields["content"] = base64.b64encode(content).decode()
        digest = hashlib.sha256(content).hexdigest()
        fields.setdefault("version", digest[:_VERSION_DIGITS])
        if arguments.effective:
            fields["effective_ms"] = _time_ms(arguments.effective)
    return fields


def read_content(path: Path) -> bytes:
    """Read a file that goes to the hub.

    Raises:
        SettingsError: It cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(BODY_BYTES_MAX // 2 + 1)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    if len(content) > BODY_BYTES_MAX // 2:
        raise SettingsError(f"{path}: larger than {BODY_BYTES_MAX // 2} bytes")
    return content


def _time_ms(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1_000)
    except (ValueError, OverflowError) as error:
        raise SettingsError(
            f"--effective {text}: not a time such as 2026-12-01T08:00"
        ) from error


def _ask(settings: Settings, act: str, fields: dict[str, object]) -> Answer | None:
    """Ask the running hub; None where none runs."""
    try:
        key = (settings.data / KEY_FILE).read_text(encoding="ascii")
        connection = http.client.HTTPConnection(
            settings.pages.host, settings.pages.port, timeout=_TIMEOUT_S
        )
        connection.request("POST", PREFIX + act, json.dumps(fields), {"X-Postroad-Key": key})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SettingsError(f"the hub does not answer: {error}") from error
    if response.status == http.client.OK:
        return [(str(key), dict(params)) for key, params in answer["rows"]]
    if response.status == http.client.CONFLICT:
        raise TrustError(str(answer.get("error")), hint=str(answer.get("hint")))
    raise SettingsError(
        f"the hub refused the command with status {response.status}",
        hint="Another program may answer on its port; compare config.toml.",
    )


def _alone(settings: Settings, act: str, fields: dict[str, object]) -> Answer:
    from hub.acts import Acts  # noqa: PLC0415  # opening an installation is slow to import
    from sync.wallclock import WallClock, random_bytes  # noqa: PLC0415
    from web.opening import open_installation  # noqa: PLC0415

    clerk = str(fields.pop("clerk"))
    installation = open_installation(settings)
    try:
        return Acts(installation, WallClock(), random_bytes).perform(act, fields, clerk)
    finally:
        installation.close()
