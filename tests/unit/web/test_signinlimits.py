"""Guessing a password gets slow; a person who mistypes is not kept out."""

from web.signinlimits import USERS_MAX, WAIT_MS_MAX, Failures, SignInLimits, after_failure

NOW = 1_795_395_900_000


def test_two_wrong_passwords_cost_no_wait() -> None:
    limits = SignInLimits()

    limits.failed("w1", NOW)
    limits.failed("w1", NOW)

    assert limits.wait_ms("w1", NOW) == 0


def test_from_the_third_on_the_wait_doubles_up_to_five_minutes() -> None:
    failures, waits = Failures(), []
    for _ in range(14):
        failures = after_failure(failures, NOW)
        waits.append(max(0, failures.until_ms - NOW))

    assert waits[:6] == [0, 0, 2_000, 4_000, 8_000, 16_000]
    assert waits[-1] == WAIT_MS_MAX


def test_a_right_password_clears_the_count() -> None:
    limits = SignInLimits()
    for _ in range(5):
        limits.failed("w1", NOW)

    limits.succeeded("w1")

    assert limits.wait_ms("w1", NOW) == 0


def test_one_name_does_not_wait_for_another() -> None:
    limits = SignInLimits()
    for _ in range(5):
        limits.failed("w1", NOW)

    assert limits.wait_ms("w2", NOW) == 0


def test_a_clock_that_was_set_back_by_years_makes_nobody_wait_for_years() -> None:
    limits = SignInLimits()
    for _ in range(5):
        limits.failed("w1", NOW)

    assert limits.wait_ms("w1", NOW - 400 * 86_400_000) == WAIT_MS_MAX


def test_invented_names_fill_no_memory() -> None:
    limits = SignInLimits()
    for number in range(USERS_MAX + 50):
        limits.failed(f"guess{number}", NOW)

    assert len(limits._failures) == USERS_MAX
