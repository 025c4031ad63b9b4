"""A local port names the device behind it, while it lives and not longer."""

from concurrent.futures import ThreadPoolExecutor

from security.tunnel.connections import Connections

DEVICE = "120103001001-01"


def test_a_connection_names_its_device_from_its_beginning_to_its_end() -> None:
    connections = Connections()

    assert connections.device_of("127.0.0.1", 40001) is None
    connections.add("127.0.0.1", 40001, DEVICE)
    assert connections.device_of("127.0.0.1", 40001) == DEVICE
    connections.remove("127.0.0.1", 40001)
    assert connections.device_of("127.0.0.1", 40001) is None


def test_another_port_or_address_names_nobody() -> None:
    connections = Connections()
    connections.add("127.0.0.1", 40001, DEVICE)

    assert connections.device_of("127.0.0.1", 40002) is None
    assert connections.device_of("127.0.0.2", 40001) is None


def test_forgetting_a_connection_twice_is_harmless() -> None:
    connections = Connections()
    connections.add("127.0.0.1", 40001, DEVICE)
    connections.remove("127.0.0.1", 40001)
    connections.remove("127.0.0.1", 40001)

    assert len(connections) == 0


def test_many_threads_may_come_and_go_at_once() -> None:
    connections = Connections()

    def come_and_go(port: int) -> str | None:
        connections.add("127.0.0.1", port, f"device-{port}")
        found = connections.device_of("127.0.0.1", port)
        connections.remove("127.0.0.1", port)
        return found

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(come_and_go, range(2000)))

    assert found == [f"device-{port}" for port in range(2000)]
    assert len(connections) == 0
