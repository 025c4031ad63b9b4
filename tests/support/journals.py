"""The journal of a place, as its own unit reads it."""

from casebook.notes import Note, NoteReader
from tests.support.network import Place


def journal_of(place: Place) -> list[Note]:
    """Every note in the store of a place, in the order of the store."""
    reader = NoteReader(place.store, place.casebook.registry, place.unit, {1: place.reading})
    return reader.notes()[0]


def actions_of(place: Place) -> list[tuple[str, str]]:
    """Action and outcome of every note of a place."""
    return [(note.action, note.outcome) for note in journal_of(place)]
