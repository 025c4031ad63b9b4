"""Networks made on disk by the command itself, and what stands in them."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from postroad.cli import main
from security.keystore import NodeKeys
from security.registry import Registry, decode_log
from tests.architecture.source_tree import ROOT
from web.settings import Settings, load_settings

DIVISIONS = ROOT / "configs" / "divisions"
HEXI = DIVISIONS / "tianjin-hexi.csv"


@dataclass(frozen=True)
class Made:
    """A network on disk, read back as its programs read it."""

    folder: Path

    def settings(self, unit: str) -> Settings:
        return load_settings(self.folder / "nodes" / unit / "config.toml")

    def all_settings(self) -> Iterator[Settings]:
        for unit in sorted(entry.name for entry in (self.folder / "nodes").iterdir()):
            yield self.settings(unit)

    def keys(self, unit: str) -> NodeKeys:
        return NodeKeys.load(self.settings(unit).keys)

    def registry(self, unit: str) -> Registry:
        settings = self.settings(unit)
        registry = Registry(settings.root_key)
        for raw in decode_log(settings.registry.read_bytes()):
            registry.apply(raw)
        return registry

    def certificates_until_s(self) -> int:
        summary = json.loads((self.folder / "network.json").read_text(encoding="utf-8"))
        return int(summary["certificates_until_s"])

    def logins(self) -> list[dict[str, str]]:
        with (self.folder / "logins.txt").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t"))


def make(out: Path, *words: str, divisions: Path = HEXI) -> int:
    """Make a network with cheap password hashes; gives the exit code."""
    options = ["--argon2-memory-kib", "8", "--lang", "en", *words]
    return main(["network", "make", "--divisions", str(divisions), "--out", str(out), *options])
