"""Proofs that an outpost must refuse: a list in the catalogue, to which a place may add."""

from collections.abc import Iterator
from dataclasses import dataclass

from cases.catalogue_section import Section
from cases.errors import CatalogueError
from cases.items import Text

PROOFS_MAX = 200
_CODE_MAX = 32
_WORD_MIN = 2


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that no committee may give; `instead` says who does. `words` recognise it."""

    code: str
    name: Text
    words: tuple[str, ...]
    instead: Text


@dataclass(frozen=True, slots=True)
class NegativeList:
    """The proofs to refuse, and the rule that says so."""

    law: Text
    proofs: tuple[Proof, ...]

    def find(self, query: str) -> tuple[Proof, ...]:
        """The proofs that a query asks for, by a word of theirs or a part of their name."""
        asked = "".join(query.split())
        if len(asked) < _WORD_MIN:
            return ()
        return tuple(
            proof
            for proof in self.proofs
            if asked in proof.name.zh
            or query.strip().lower() in proof.name.en.lower()
            or self._word(proof, asked)
        )

    def word_in(self, text: str) -> str:
        """The first word of a refused proof in a text that would certify it, or nothing."""
        joined = "".join(text.split())
        words = (self._word(proof, joined) for proof in self.proofs)
        return next(filter(None, words), "")

    def proof(self, code: str) -> Proof | None:
        """The proof of a code, or None."""
        return next((proof for proof in self.proofs if proof.code == code), None)

    @staticmethod
    def _word(proof: Proof, text: str) -> str:
        return next((word for word in proof.words if word in text), "")


def read_negative_list(whole: Section) -> NegativeList:
    """The list of a catalogue, empty where it has none.

    Raises:
        CatalogueError: An entry is wrong.
    """
    if not whole.has("negative_list"):
        return NegativeList(Text("", ""), ())
    part = Section("negative_list", whole.section("negative_list").entries)
    part.only("law", "proofs")
    proofs = tuple(_proofs(part))
    if len({proof.code for proof in proofs}) < len(proofs):
        raise part.wrong("proofs", "a code stands twice")
    return NegativeList(part.bilingual("law"), proofs)


def _proofs(part: Section) -> Iterator[Proof]:
    sections = part.sections("proofs")
    if len(sections) > PROOFS_MAX:
        raise part.wrong("proofs", f"at most {PROOFS_MAX} are taken")
    for section in sections:
        section.only("code", "zh", "en", "words", "instead")
        words = section.names("words")
        if not words or any(len(word) < _WORD_MIN for word in words):
            raise CatalogueError(f"negative_list: words: {_WORD_MIN} characters at least")
        yield Proof(
            section.text("code", length_max=_CODE_MAX),
            Text(section.text("zh"), section.text("en")),
            words,
            section.bilingual("instead"),
        )
