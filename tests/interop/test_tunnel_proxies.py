"""A hub is reached through the proxy of an office, and its refusals are told in words."""

from pathlib import Path

import pytest

from security.tunnel.client import ClientSettings, TunnelClient
from security.tunnel.errors import ProxyError, TunnelError
from security.tunnel.proxies import Proxy, connect_through
from tests.support.proxies import OfficeProxy, office_proxy
from tests.support.tunnels import PATIENT, World, request, running_world

LOGIN = ("village-17", "right: with a colon")
KINDS = pytest.mark.parametrize("kind", ["http", "socks5"])


def credentials(folder: Path, login: tuple[str, str] = LOGIN) -> Path:
    path = folder / "proxy.txt"
    path.write_text(":".join(login) + "\n")
    path.chmod(0o600)
    return path


def client_through(
    world: World, proxy: OfficeProxy, file: Path | None, host: str | None = None
) -> TunnelClient:
    settings = ClientSettings(
        probing=PATIENT, proxy=Proxy(proxy.kind, *proxy.address, credentials=file)
    )
    address = (host or world.address[0], world.address[1])
    return world.client(address=address, settings=settings)


@KINDS
@pytest.mark.parametrize("login", [None, LOGIN], ids=["open", "with a password"])
def test_a_tunnel_goes_through_a_proxy(
    kind: str, login: tuple[str, str] | None, tmp_path: Path
) -> None:
    file = credentials(tmp_path) if login else None
    with (
        running_world() as world,
        office_proxy(kind, login=login) as proxy,
        client_through(world, proxy, file).connect() as tunnel,
    ):
        echoed = request(tunnel.open(), "/echo", bytes(300_000))

    assert echoed == bytes(300_000)
    assert proxy.asked == [world.address]


@KINDS
def test_the_proxy_resolves_the_name_of_the_hub(kind: str) -> None:
    with (
        running_world() as world,
        office_proxy(kind) as proxy,
        client_through(world, proxy, None, "localhost").connect() as tunnel,
    ):
        alive = tunnel.is_alive

    assert alive
    assert proxy.asked == [("localhost", world.address[1])]


@KINDS
def test_a_wrong_password_is_told(kind: str, tmp_path: Path) -> None:
    file = credentials(tmp_path, ("village-17", "wrong"))
    with (
        running_world() as world,
        office_proxy(kind, login=LOGIN) as proxy,
        pytest.raises(TunnelError, match=r"407|does not accept the credentials"),
    ):
        client_through(world, proxy, file).connect()


@KINDS
def test_a_target_that_the_proxy_forbids_is_told(kind: str) -> None:
    with (
        running_world() as world,
        office_proxy(kind, refuses=True) as proxy,
        pytest.raises(TunnelError, match=r"403|its rules forbid the target"),
    ):
        client_through(world, proxy, None).connect()


def test_a_proxy_that_is_none_is_told() -> None:
    with running_world() as world:
        proxy = Proxy("http", *world.address)
        with pytest.raises(ProxyError, match=r"answers no HTTP|hung up"):
            connect_through(proxy, ("192.0.2.1", 22), 5)


def test_credentials_that_others_can_read_are_refused(tmp_path: Path) -> None:
    file = credentials(tmp_path)
    file.chmod(0o644)
    with pytest.raises(ProxyError, match="chmod 600"):
        connect_through(Proxy("http", "127.0.0.1", 1, file), ("192.0.2.1", 22), 5)


@pytest.mark.parametrize("content", ["no colon", "a:b\nc", "x" * 2000, "u:" + "p" * 300])
def test_credentials_that_are_not_one_line_are_refused(content: str, tmp_path: Path) -> None:
    file = credentials(tmp_path)
    file.write_text(content)
    with pytest.raises(ProxyError, match="one line"):
        connect_through(Proxy("socks5", "127.0.0.1", 1, file), ("192.0.2.1", 22), 5)
