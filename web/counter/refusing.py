"""Proofs that nobody here may give: why, who does instead, and a notice that it was said."""

from flask import abort, g, render_template

from cases.negative import Proof
from web.context import context
from web.notes import note


def refused(query: str) -> tuple[Proof, ...]:
    """The proofs that a search asks for and that must be refused."""
    return context().casebook.catalogue.negative.find(query)


def refuse(code: str) -> str:
    """Note the refusal, and show the one-time notice for the citizen, ready to be printed."""
    proof = context().casebook.catalogue.negative.proof(code)
    if proof is None:
        abort(404)
    # Who asked is not written down: it is no case, and nobody's name is needed to count it.
    note("refuse_proof", proof.code)
    return render_template(
        "counter/refusal.html",
        proof=proof,
        law=context().casebook.catalogue.negative.law,
        clerk_name=g.clerk.name,
    )
