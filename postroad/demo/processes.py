"""The programs of the demonstration as child processes, none of which outlives it.

Each child leads a session of its own: Ctrl-C in the terminal reaches the demonstration alone,
which then stops its children one and all, by their ids.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from postroad.demo.errors import DemoError
from postroad.demo.pacing import Pace

STOP_S = 10.0
READY_S = 90.0
"""Eight programs that start together on two busy cores."""

_HEALTH_S = 2.0
_LOG_TAIL_BYTES = 600


@dataclass(frozen=True, slots=True)
class Command:
    """How one installation is started, and how it is known to be the right one that answers."""

    unit: str
    name: str
    program: str
    config: Path
    log: Path
    device: str
    pages: tuple[str, int]


class Program:
    """One installation as a child process; it may be killed and started again."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.exit_codes: list[int] = []
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def is_running(self) -> bool:
        """Whether the child is there."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child is not None and self.is_running else None

    def start(self) -> None:
        """Start the program; it writes what it says into its log."""
        command = self.command
        words = [sys.executable, "-m", "postroad", command.program, "run"]
        with self._lock, command.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*words, "--config", str(command.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def is_ready(self) -> bool:
        """Tell whether its pages answer.

        Raises:
            DemoError: The program has ended instead; the message holds what it said last.
        """
        if not self.is_running:
            raise DemoError(
                "demo.program_ended", unit=self.command.name, said=_last_words(self.command.log)
            )
        return _answers_as(self.command.pages) == self.command.device

    def kill(self) -> None:
        """End it as a power cut does: without a chance to finish anything."""
        self._signal(signal.SIGKILL)
        self.join(STOP_S)

    def ask_to_stop(self) -> None:
        """Ask it to finish what it does and end."""
        self._signal(signal.SIGTERM)

    def join(self, limit_s: float) -> bool:
        """Wait until it has ended, and keep its exit code; False if it goes on."""
        child = self._child
        if child is None:
            return True
        try:
            code = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            return False
        with self._lock:
            if self._child is child:
                self._child = None
                self.exit_codes.append(code)
        return True

    def _signal(self, number: signal.Signals) -> None:
        child = self._child
        if child is not None and child.poll() is None:
            # Its own session: whatever it may have started goes with it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, number)


class Programs:
    """All installations; leaving the block stops every one of them, whatever happened."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._programs = {command.unit: Program(command) for command in commands}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __getitem__(self, unit: str) -> Program:
        return self._programs[unit]

    def __iter__(self) -> Iterator[Program]:
        return iter(self._programs.values())

    def start(self, pace: Pace) -> None:
        """Start all at once and wait until every one answers.

        Raises:
            DemoError: One ended, or does not answer in time.
            StoppedError: Somebody asked to stop meanwhile.
        """
        for program in self:
            program.start()
        for program in self:
            pace.until(program.is_ready, READY_S, program.command.name)

    def stop(self) -> None:
        """Ask all to stop, and kill those that do not within seconds."""
        for program in self:
            program.ask_to_stop()
        for program in self:
            if not program.join(STOP_S):
                program.kill()


def _answers_as(address: tuple[str, int]) -> str:
    """The device that answers at an address, or nothing."""
    connection = http.client.HTTPConnection(*address, timeout=_HEALTH_S)
    try:
        connection.request("GET", "/healthz")
        answer = json.loads(connection.getresponse().read(_LOG_TAIL_BYTES))
        return str(answer["device"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()


def _last_words(log: Path) -> str:
    text = log.read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
    return text.splitlines()[-1] if text else ""
