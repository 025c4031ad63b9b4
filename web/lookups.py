"""Divisions as a form looks for them: by code, by name, from the place of the unit outwards."""

from cases.divisions import Division, Tree

FOUND_MAX = 20
NEAR_MAX = 200

_SUFFIXES = (
    "社区居民委员会",
    "村民委员会",
    "居民委员会",
    "社区居委会",
    "居委会",
    "村委会",
    "街道办事处",
    "街道",
    "社区",
)
"""Endings that people leave out; they vary from place to place."""


def place_name(tree: Tree, code: str) -> str:
    """A place with the places above it, the country left out: `河西区 大营门街道 九江路社区`.

    Empty for a code that the tree does not have.
    """
    if code not in tree:
        return ""
    names = [tree.unit(each).name for each in tree.path(code)]
    return " ".join(names[-3:])


def find_places(tree: Tree, text: str, *, limit: int = FOUND_MAX) -> list[Division]:
    """The places whose code begins with a text or whose name holds it, best match first."""
    wanted = text.strip()
    if not wanted:
        return []
    if wanted.isascii() and wanted.isdecimal():
        found = (place for place in tree if place.code.startswith(wanted))
        return [place for place, _ in zip(found, range(limit), strict=False)]
    words = wanted.split()
    matches = [place for place in tree if words[-1] in place.name]
    if len(words) > 1:
        matches = [place for place in matches if _lies_in(tree, place, words[:-1])]
    matches.sort(key=lambda place: (_bare(place.name) != _bare(words[-1]), place.code))
    return matches[:limit]


def near_places(tree: Tree, unit: str) -> list[Division]:
    """The places that applicants at a unit most likely come from: around it, then above it."""
    if unit not in tree:
        return []
    path = tree.path(unit)
    around = [tree.unit(code) for code in tree.children(path[-2])] if path[1:] else []
    own = [tree.unit(unit)]
    below = [tree.unit(code) for code in tree.children(unit)]
    above = [tree.unit(code) for code in reversed(path[:-1])]
    places = {place.code: place for place in (*own, *below, *around, *above)}
    return list(places.values())[:NEAR_MAX]


def code_of(tree: Tree, text: str) -> str:
    """The code that a form field means: a code as it stands, or the one place of that name.

    Anything else is returned as it was typed, for the check of the form to refuse.
    """
    typed = text.strip()
    if not typed or typed.isdecimal():
        return typed
    head = typed.split()[0]
    if head.isascii() and head.isdecimal():
        return head
    same = [
        place
        for place in find_places(tree, typed, limit=len(tree))
        if _bare(place.name) == _bare(typed.split()[-1])
    ]
    return same[0].code if len(same) == 1 else typed


def _lies_in(tree: Tree, place: Division, words: list[str]) -> bool:
    names = [tree.unit(code).name for code in tree.path(place.code)]
    return all(any(word in name for name in names) for word in words)


def _bare(name: str) -> str:
    for suffix in _SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name.removesuffix(suffix)
    return name
