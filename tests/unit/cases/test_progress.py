from cases.lifecycle import NextStep, hand_over_targets, next_step
from tests.support.case_history import (
    DISTRICT,
    ELSEWHERE,
    PATH,
    STANDS,
    STREET,
    VILLAGE,
    handed_to_street,
    item,
    received,
)
from tests.support.case_items import PENSION, PERMIT, actor


def test_next_steps_of_a_permit_follow_its_life() -> None:
    history = received()
    steps = [next_step(history.state(), PERMIT)]
    history.write(VILLAGE, "accept")
    steps.append(next_step(history.state(), PERMIT))
    history.write(VILLAGE, "step_done", step="review")
    steps.append(next_step(history.state(), PERMIT))
    history.write(VILLAGE, "decide")
    steps.append(next_step(history.state(), PERMIT))
    history.write(VILLAGE, "issue")
    steps.append(next_step(history.state(), PERMIT))
    history.write(VILLAGE, "deliver")
    steps.append(next_step(history.state(), PERMIT))

    assert steps == [
        NextStep("accept", "accept", ("village",)),
        NextStep("step_done", "review", ("street",)),
        NextStep("decide", "", ("district",)),
        NextStep("issue", "issue", ("district",)),
        NextStep("deliver", "", ("village", "street")),
        None,
    ]


def test_the_nearest_unit_that_can_do_the_next_step_stands_first() -> None:
    history = received()
    at_outpost = hand_over_targets(history.state(), actor(VILLAGE), PENSION, STANDS)
    history.write(VILLAGE, "accept")
    history.write(VILLAGE, "step_done")
    reviewed = hand_over_targets(history.state(), actor(VILLAGE), PENSION, STANDS)

    assert at_outpost == ((STREET, DISTRICT), ())
    assert reviewed == ((DISTRICT, STREET), ())


def test_below_the_place_of_delivery_stands_first() -> None:
    history = handed_to_street()
    history.write(STREET, "step_done")
    history.write(STREET, "send_up", to=DISTRICT)
    history.write(DISTRICT, "take")
    before = hand_over_targets(history.state(), actor(DISTRICT), PENSION, STANDS)
    history.write(DISTRICT, "decide")
    after = hand_over_targets(history.state(), actor(DISTRICT), PENSION, STANDS)

    assert before == ((), (STREET, VILLAGE))
    assert after == ((), (VILLAGE, STREET))


def test_a_unit_off_the_path_has_nobody_to_hand_over_to() -> None:
    state = handed_to_street().state()

    assert state.path == PATH
    assert hand_over_targets(state, actor(ELSEWHERE), PENSION, STANDS) == ((), ())


def test_the_tier_that_the_step_names_stands_first_and_others_follow_from_below() -> None:
    joint = item(
        {"district": ["accept", "decide"], "street": ["accept"], "village": ["accept"]},
        [("accept", "street"), ("decide", "district")],
    )

    assert next_step(received().state(), joint) == NextStep(
        "accept", "accept", ("street", "village", "district")
    )
