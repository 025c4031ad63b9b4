"""`make bench`: measure, print, write `benchmarks/results` and `docs/benchmarks.md`.

Figures of different machines are not compared: each result holds ratios taken in one run. What
takes more than three minutes runs only when it is named.
"""

import json
import sys
from pathlib import Path

from benchmarks import (
    atrest,
    auditlog,
    cluster,
    curve,
    enrolment,
    folding,
    links,
    peers,
    reconciliation,
    refolding,
    replication,
    sealing,
    tunnels,
    wirecost,
)
from benchmarks.plot import write_plot
from benchmarks.report import write_report

RESULTS = Path(__file__).resolve().parent / "results"
DOCUMENT = RESULTS.parents[1] / "docs" / "benchmarks.md"
ALL = {
    "sealing": sealing.run,
    "atrest": atrest.run,
    "replication": replication.run,
    "folding": folding.run,
    "refolding": refolding.run,
    "auditlog": auditlog.run,
    "cluster": cluster.run,
    "curve": curve.run,
    "enrolment": enrolment.run,
    "peers": peers.run,
    "reconciliation": reconciliation.run,
    "wirecost": wirecost.run,
    "links": links.run,
    "tunnels": tunnels.run,
}
LONG = {"million": curve.run_million, "links-long": links.run_long}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them."""
    RESULTS.mkdir(exist_ok=True)
    for name in names or ALL:
        result = {**ALL, **LONG}[name]()
        text = json.dumps(result, indent=2, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}\n{text}")
    write_report(RESULTS, DOCUMENT)
    write_plot(RESULTS, DOCUMENT.with_name("links.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
