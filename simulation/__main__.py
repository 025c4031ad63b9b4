"""`python -m simulation --seed N`: one run, its trace on standard output.

Exit codes: 0 all invariants held, 3 safety was broken, 4 the nodes did not converge.
"""

import argparse
import sys
from pathlib import Path

from cases.catalogue import load_catalogue
from cases.limits import load_calendar
from simulation.checkers import LivenessError, SafetyError
from simulation.places import Published
from simulation.world import World

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
STEPS = 400
FAULT = 1
SAFETY_BROKEN = 3
NOT_CONVERGED = 4


def shipped() -> Published:
    """Return the catalogue and calendar that come with the product."""
    return Published(
        load_catalogue((CONFIGS / "catalogue.yaml").read_text(encoding="utf-8")),
        load_calendar((CONFIGS / "calendar.toml").read_text(encoding="utf-8")),
    )


def main(words: list[str] | None = None) -> int:
    """Run one seed, or one after another until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m simulation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to run")
    parser.add_argument("--quiet", action="store_true", help="print failures only")
    arguments = parser.parse_args(words)
    published = shipped()
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        code = _run(World(seed, published), arguments.steps, quiet=arguments.quiet)
        if code:
            return code
    return 0


def _run(world: World, steps: int, *, quiet: bool) -> int:
    code = FAULT
    try:
        world.run(steps)
        world.heal()
        code = 0
    except (SafetyError, LivenessError) as error:
        code = SAFETY_BROKEN if isinstance(error, SafetyError) else NOT_CONVERGED
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        _tell(world, code, quiet=quiet)
    return code


def _tell(world: World, code: int, *, quiet: bool) -> None:
    """Print the trace, and after a failure the command that replays it."""
    if code or not quiet:
        print("\n".join(world.trace))
    if code:
        print(f"replay: make sim SEED={world.seed}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
