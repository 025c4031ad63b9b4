"""Items cut down to rights and steps, as in the catalogue, and people who work on them."""

from cases.lifecycle import Actor
from tests.support.case_history import TIERS, item

# As in the catalogue: pension claim, low-income support, residence permit, elderly card,
# employment registration.
PENSION = item(
    {
        "city": [],
        "district": ["decide"],
        "street": ["review"],
        "village": ["accept", "precheck"],
    },
    [("accept", "village"), ("first_review", "street"), ("decide", "district")],
    handling="reported",
)
SUPPORT = item(
    {
        "city": [],
        "district": ["review"],
        "street": ["accept", "review", "decide", "deliver"],
        "village": ["guide", "precheck"],
    },
    [("accept", "street"), ("check", "street"), ("publicity", "village"), ("decide", "street")],
)
PERMIT = item(
    {
        "city": [],
        "district": ["decide", "issue"],
        "street": ["review", "deliver"],
        "village": ["accept", "precheck", "deliver"],
    },
    [("accept", "village"), ("review", "street"), ("issue", "district")],
    handling="reported",
)
CARD = item(
    {
        "city": [],
        "district": [],
        "street": ["accept", "decide", "issue"],
        "village": ["accept", "review", "decide", "issue", "deliver"],
    },
    handling="immediate",
)
EMPLOYMENT = item(
    {
        "city": [],
        "district": ["accept", "decide"],
        "street": ["accept", "decide", "issue"],
        "village": ["accept", "precheck"],
    },
    handling="immediate",
)


def actor(unit: str, clerk: str = "") -> Actor:
    tier = TIERS.get(unit, "village")
    return Actor(unit, tier, (tier,), clerk or f"{unit}-w1")
