"""`make bench`: measure, print, and write `benchmarks/results/<name>.json`.

Figures of different machines are not compared: each result holds ratios taken in one run.
"""

import json
import sys
from pathlib import Path

from benchmarks import folding, reconciliation, replication, sealing

RESULTS = Path(__file__).resolve().parent / "results"
ALL = {
    "sealing": sealing.run,
    "replication": replication.run,
    "folding": folding.run,
    "reconciliation": reconciliation.run,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them."""
    RESULTS.mkdir(exist_ok=True)
    for name in names or ALL:
        result = ALL[name]()
        text = json.dumps(result, indent=2, ensure_ascii=False)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
