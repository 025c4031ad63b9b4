"""The forms of a page as a browser sees them: where they go, and what they would send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from postroad.demo.errors import DemoError


@dataclass(slots=True)
class Form:
    """One form: the values that it holds now, by name, and the choices of its lists."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, typed: Mapping[str, str], button: str = "") -> dict[str, str]:
        """What is sent after somebody typed `typed` and pressed the button of that value.

        Raises:
            DemoError: The form has no such field, choice or button: the page is another one
                than the demonstration knows.
        """
        for name, value in typed.items():
            if name not in self.values:
                raise DemoError("demo.no_field", field=name, form=self.action)
            if value not in self.choices.get(name, [value]):
                raise DemoError("demo.no_choice", field=name, value=value, form=self.action)
        pressed = [each for each in self.buttons if each[1] == button]
        if button and not pressed:
            raise DemoError("demo.no_field", field=button, form=self.action)
        return {**self.values, **typed, **(dict(pressed) if button else {})}


@dataclass(slots=True)
class Content:
    """The forms of a page, its links, and the values of its `data-` attributes by name."""

    forms: list[Form] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    marks: dict[str, list[str]] = field(default_factory=dict)


def read_content(text: str) -> Content:
    """The forms, links and marks of a page."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.content


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.content = Content()
        self._form: Form | None = None
        self._list = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name, value in given.items():
            if name.startswith("data-"):
                self.content.marks.setdefault(name, []).append(value)
        if tag == "a" and "href" in given:
            self.content.addresses.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.content.forms.append(self._form)
        elif self._form is not None:
            self._control(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._list = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._area:
            self._form.values[self._area] += data

    def _control(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "option" and self._list:
            choices = form.choices[self._list]
            if not choices or "selected" in given:
                form.values[self._list] = value
            choices.append(value)
        elif not name:
            return
        elif tag == "select":
            self._list = name
            form.values[name] = ""
            form.choices[name] = []
        elif tag == "textarea":
            self._area = name
            form.values[name] = ""
        elif tag == "button":
            form.buttons.append((name, value))
        elif tag == "input":
            self._input(form, name, value, given)

    def _input(self, form: Form, name: str, value: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind == "submit":
            form.buttons.append((name, value))
        elif kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(value or "on")
            form.values.setdefault(name, "")
            if "checked" in given:
                form.values[name] = value or "on"
        else:
            form.values[name] = value
