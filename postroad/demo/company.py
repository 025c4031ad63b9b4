"""Everybody who plays: the windows of all outposts and the desks of all hubs."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from postroad.demo.area import Place
from postroad.demo.desk import Desk
from postroad.demo.stage import Stage
from postroad.demo.window import Window


class Company:
    """A window clerk at every outpost, two officials at every hub.

    `user` names the clerks of the windows. Each window and each desk is for one thread.
    """

    def __init__(self, stage: Stage, user: str) -> None:
        self._stage = stage
        self._user = user
        self.windows: Mapping[str, Window] = {
            place.unit: self._window(place) for place in stage.area.outposts
        }
        self.desks = [Desk(place, stage.ledger, stage.pace) for place in stage.area.hubs]
        # The one who presses the button sits at another screen than the one who serves.
        self._colleagues = {place.unit: self._window(place) for place in stage.area.outposts}
        self._pressing = threading.Lock()

    def link_is_up(self, unit: str) -> None:
        """Press the button of an outpost whose link has come back; hubs call by themselves.

        For any thread.

        Raises:
            DemoError: The page has no such button.
        """
        colleague = self._colleagues.get(unit)
        if colleague is not None:
            with self._pressing:
                colleague.send_now()

    def _window(self, place: Place) -> Window:
        link = self._stage.links[place.unit]
        return Window(
            place,
            self._user,
            self._stage.ledger,
            self._stage.pace,
            lambda: link.weather != "up",
        )
