"""The files of the repository, as the architecture tests see them."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Top-level folders that are Python packages of the product; the others are tests and papers.
PACKAGES = (
    "benchmarks",
    "casebook",
    "cases",
    "hub",
    "node",
    "postroad",
    "security",
    "simulation",
    "sync",
    "web",
)

_MADE_BY_TOOLS = {".git", ".venv", "__pycache__", "build", "node_modules"}
_BINARY_SUFFIXES = {
    ".bin",
    ".der",
    ".gif",
    ".gz",
    ".ico",
    ".jpg",
    ".png",
    ".pyc",
    ".ttf",
    ".woff2",
}


def files(suffix: str = "", *, under: str = "") -> Iterator[Path]:
    """Every text file with this suffix, relative to the root, in fixed order."""
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = sorted(name for name in folders if not _is_made(name))
        for name in sorted(name for name in names if not _is_made(name)):
            path = Path(folder, name)
            if name.endswith(suffix) and path.is_file() and _is_text(path):
                yield path.relative_to(ROOT)


def product_modules() -> Iterator[Path]:
    """Every Python module of the product, without the tests."""
    for package in PACKAGES:
        yield from files(".py", under=package)


def read(path: Path) -> str:
    """The text of a file named relative to the root of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def _is_text(path: Path) -> bool:
    return path.suffix not in _BINARY_SUFFIXES and b"\0" not in path.read_bytes()


def _is_made(folder_name: str) -> bool:
    made_beside = folder_name.endswith((".egg-info", "_cache")) or folder_name == ".hypothesis"
    return made_beside or folder_name in _MADE_BY_TOOLS
