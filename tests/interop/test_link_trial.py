"""Every way in which a link can be broken is told at its step, with words for it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from postroad.cli import main
from security.sshcert import public_line
from security.tunnel.client import ClientSettings
from security.tunnel.proxies import Proxy
from security.tunnel.trial import Step, Way, try_way
from tests.support.proxies import office_proxy
from tests.support.tunnels import DAY, DEVICE, NOW, PATIENT, World, running_world
from web.texts import Texts

WHOLE = ["name", "tcp", "certificate", "host_key", "login", "target", "clock", "rate"]


def way_to(world: World) -> Way:
    return Way(
        [world.address],
        world.identity(),
        [world.host_line()],
        ClientSettings(probing=PATIENT),
        lambda: NOW,
    )


def told(way: Way) -> list[tuple[str, str]]:
    """Name and code of each step; each has words in both languages."""
    steps = list(try_way(way))
    for step in steps:
        assert words_of(step, "zh") != words_of(step, "en")
    return [(step.name, step.code) for step in steps]


def words_of(step: Step, language: str) -> str:
    return Texts(language).text(f"link.step.{step.name}.{step.code}", **step.seen)


def closed_port() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address: tuple[str, int] = probe.getsockname()
    return address


@contextmanager
def speaking(words: bytes) -> Iterator[tuple[str, int]]:
    """Something that is no hub and says this to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    near.sendall(words)
                    near.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_a_link_that_works_is_tried_to_its_end() -> None:
    with running_world() as world:
        steps = list(try_way(way_to(world)))

    assert [step.name for step in steps] == WHOLE
    # The echo's clock is today's, the device's that of the test.
    assert [step.name for step in steps if not step.is_ok] in ([], ["clock"])
    assert int(str(steps[-1].seen["up_kbit"])) > 1_000


@pytest.mark.parametrize(("shift_s", "code"), [(-7_200, "behind"), (0, "ok"), (7_200, "ahead")])
def test_a_clock_that_is_wrong_is_told(shift_s: int, code: str) -> None:
    with running_world() as world:
        today = int(time.time())  # noqa: TID251 (the echo tells the machine's)
        way = replace(
            way_to(world),
            identity=world.identity(valid_from=today - DAY, valid_to=today + DAY),
            now=lambda: today + shift_s,
        )
        world.now = today

        assert dict(told(way))["clock"] == code


def test_a_name_that_is_unknown_is_told() -> None:
    with running_world() as world:
        way = replace(way_to(world), addresses=[("no-such-hub.invalid", 22)])

        assert told(way) == [("name", "unknown")]


def test_a_port_that_is_closed_is_told() -> None:
    with running_world() as world:
        way = replace(way_to(world), addresses=[closed_port()])

        assert told(way)[-1] == ("tcp", "refused")


def test_a_sign_in_page_in_between_is_told() -> None:
    with running_world() as world, speaking(b"HTTP/1.0 302 Found\r\n\r\n") as address:
        way = replace(way_to(world), addresses=[address])

        assert told(way)[-1] == ("tcp", "no_ssh")


def test_another_address_makes_up_for_one_that_is_closed() -> None:
    with running_world() as world:
        way = replace(way_to(world), addresses=[closed_port(), world.address])

        codes = told(way)

    assert ("tcp", "refused") in codes
    assert codes[-1] == ("rate", "ok")


BROKEN: dict[str, tuple[Callable[[World], Way], tuple[str, str]]] = {
    "certificate ended": (
        lambda world: replace(way_to(world), now=lambda: NOW + 400 * 86_400),
        ("certificate", "ended"),
    ),
    "certificate not valid yet": (
        lambda world: replace(way_to(world), now=lambda: NOW - 400 * 86_400),
        ("certificate", "early"),
    ),
    "another host key": (
        lambda world: replace(
            way_to(world),
            host_keys=[public_line(Ed25519PrivateKey.generate().public_key())],
        ),
        ("host_key", "wrong"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_keys_is_told(case: str) -> None:
    make, expected = BROKEN[case]
    with running_world() as world:
        assert told(make(world))[-1] == expected


def test_a_device_that_the_hub_refuses_is_told() -> None:
    with running_world() as world:
        world.revoked_devices.add(DEVICE)

        assert told(way_to(world))[-2:] == [("host_key", "ok"), ("login", "refused")]


def test_a_hub_whose_program_rests_is_told() -> None:
    with running_world() as world:
        world.api.is_down = True

        assert told(way_to(world))[-1] == ("target", "lost")


def test_a_policy_that_withholds_the_target_is_told() -> None:
    with running_world(targets=lambda _device: ()) as world:
        assert told(way_to(world))[-1] == ("target", "refused")


def test_a_proxy_is_tried_and_its_refusal_told() -> None:
    with running_world() as world:
        for refuses, expected in ((False, ("rate", "ok")), (True, ("proxy", "failed"))):
            with office_proxy("http", refuses=refuses) as proxy:
                settings = ClientSettings(proxy=Proxy("http", *proxy.address), probing=PATIENT)
                codes = told(replace(way_to(world), settings=settings))

            assert codes[-1] == expected


def test_without_a_configuration_the_trial_ends_at_ssh(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with running_world() as world:
        host, port = world.address
        code = main(["link", "test", f"{host}:{port}", "--lang", "en"])

    assert code == 0
    assert "SSH answers there" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["nowhere"], ["host:99999"]])
def test_a_hub_that_is_not_named_right_is_a_usage_error(words: list[str]) -> None:
    assert main(["link", "test", *words]) == 2


def test_a_link_that_fails_has_the_exit_code_of_a_verdict() -> None:
    host, port = closed_port()

    assert main(["link", "test", f"{host}:{port}"]) == 3
