"""`summary.json`: what a scripted day came to, for people and for programs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from postroad.demo.checks import Evidence, Verdict
from postroad.demo.day import SEED
from postroad.demo.events import Events
from postroad.demo.ledger import KINDS, Application, count
from postroad.demo.stage import Phases, Stage

SUMMARY = "summary.json"
FORMAT = 1


@dataclass
class Report:
    """What is known of a day so far; `write` may be called however far it came."""

    phases: Phases
    events: Events
    stage: Stage | None = None
    evidence: Evidence | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    error: str = ""

    @property
    def has_passed(self) -> bool:
        """Whether the day came to its end, was checked, and every check held."""
        return (
            not self.error
            and bool(self.verdicts)
            and all(verdict.has_passed for verdict in self.verdicts)
        )

    def write(self, folder: Path) -> Path:
        """Write the summary and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / SUMMARY
        text = json.dumps(self._document(), ensure_ascii=False, indent=1)
        path.write_text(text + "\n", encoding="utf-8")
        return path

    def _document(self) -> dict[str, object]:
        applications = list(self.stage.ledger) if self.stage else []
        return {
            "format": FORMAT,
            "passed": self.has_passed,
            "error": self.error,
            "postroad": importlib.metadata.version("postroad"),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "processors": os.cpu_count(),
            "seed": SEED,
            "seconds": {**self.phases.seconds, "total": round(self.phases.pace.seconds, 1)},
            "applications": _applications(applications),
            "items": {item: _item(item, applications) for item in KINDS},
            "acts": _acts(applications),
            "units": self._units(),
            "links": self._links(),
            "faults": [asdict(fault) for fault in self.events.faults],
            "checks": [_check(verdict) for verdict in self.verdicts],
        }

    def _units(self) -> list[dict[str, object]]:
        if self.stage is None or self.evidence is None:
            return []
        rows: list[dict[str, object]] = []
        for place in self.stage.area.places:
            holdings = self.evidence.holdings[place.unit]
            sightings = holdings.sightings.values()
            search = self.evidence.searches[place.unit]
            rows.append(
                {
                    "unit": place.unit,
                    "name": place.name,
                    "tier": place.tier,
                    "cases": len(sightings),
                    "read_as": count(each.readable for each in sightings),
                    "records": holdings.records,
                    "quarantined": holdings.quarantined,
                    "exit_codes": list(self.evidence.exit_codes[place.unit]),
                    "searched": {**asdict(search), "found": list(search.found)},
                }
            )
        return rows

    def _links(self) -> list[dict[str, object]]:
        if self.stage is None:
            return []
        return [
            {"child": unit, "parent": self.stage.area.place(unit).parent}
            | {_NAMES.get(name, name): value for name, value in asdict(link.traffic).items()}
            for unit, link in self.stage.links.items()
        ]


_NAMES: Mapping[str, str] = {"up": "bytes_up", "down": "bytes_down"}


def _applications(applications: list[Application]) -> dict[str, int]:
    return {
        "planned": len(applications),
        "received": sum(bool(each.case) for each in applications),
        "received_offline": sum(each.is_offline for each in applications),
        "delivered": sum(each.is_delivered for each in applications),
    }


def _item(item: str, applications: list[Application]) -> dict[str, object]:
    chosen = [each for each in applications if each.item == item and each.case]
    return {
        "decided_by": KINDS[item].tier,
        "received": len(chosen),
        "outcomes": count(each.outcome for each in chosen if each.is_delivered),
        "courses": count(each.course for each in chosen),
    }


def _acts(applications: list[Application]) -> dict[str, int]:
    return count(act for each in applications for _, act in each.acts)


def _check(verdict: Verdict) -> dict[str, object]:
    return {
        "name": verdict.name,
        "passed": verdict.has_passed,
        "counted": verdict.counted,
        "detail": verdict.detail,
    }
