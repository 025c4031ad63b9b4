"""A clerk's browser with a watcher: what it asked for, complained about, and shows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

from postroad.demo.area import Place

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTH, HEIGHT = 1024, 768
WAIT_MS = 15_000

# Runs before any script of a page: what the policy forbids becomes an error on the console, and
# the print dialog, which nobody could close, becomes a mark.
_WATCH = """
document.addEventListener("securitypolicyviolation", function (event) {
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI);
});
window.print = function () { document.documentElement.dataset.printed = "yes"; };
"""

# All that a person sees or is told: texts, and the attributes that stand for one. What is
# marked as being in another language, such as the switch, is left out.
_TEXTS = """() => {
  const root = document.documentElement;
  const foreign = (node) => node.closest("[lang]").lang !== root.lang;
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!/^(SCRIPT|STYLE)$/.test(parent.tagName) && !foreign(parent)) {
      texts.push(walker.currentNode.textContent);
    }
  }
  for (const node of document.querySelectorAll("[title], [placeholder], [aria-label], [alt]")) {
    for (const name of ["title", "placeholder", "aria-label", "alt", "data-confirm"]) {
      if (!foreign(node)) { texts.push(node.getAttribute(name) || ""); }
    }
  }
  return texts.map((text) => text.trim()).filter((text) => text);
}"""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_MASKED = r"[\u3400-\u9fff]\*+"
_KEY = re.compile(r"\b[a-z]+(?:[._][a-z]+)+\b")


@dataclass
class Screen:
    """One clerk's browser at one installation."""

    place: Place
    page: Page
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.place.url.rstrip("/") + path)

    def press(self, key: str, path: str) -> None:
        """Press a key and wait for the page that it leads to, by its address or a pattern."""
        with self.page.expect_navigation(url=f"**{path}"):
            self.page.keyboard.press(key)

    def sign_in(self, post: str, password: str) -> None:
        """Sign in with the keyboard alone."""
        self.open("/login")
        self.page.keyboard.type(post)
        self.page.keyboard.press("Enter")
        self.page.keyboard.type(password)
        self.press("Enter", "/")

    def focused(self) -> str:
        """The name of the field that has the focus."""
        return str(self.page.evaluate("document.activeElement.name || ''"))

    def is_list(self) -> bool:
        """Whether the field that has the focus is a list to choose from."""
        return bool(self.page.evaluate("document.activeElement.tagName === 'SELECT'"))

    def value(self, name: str) -> str:
        return self.page.locator(f'[name="{name}"]').first.input_value()

    def language(self) -> str:
        return self.page.locator("html").get_attribute("lang") or ""

    def overhang(self) -> int:
        """How many points a page is wider than the window."""
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(wide))

    def texts(self) -> list[str]:
        """Every text of the page in the language of the page."""
        return [str(text) for text in self.page.evaluate(_TEXTS)]

    def keys(self) -> list[str]:
        """What looks like the key of a text instead of the text."""
        return [text for text in self.texts() if _KEY.search(text)]

    def chinese(self, known: set[str]) -> list[str]:
        """Texts that are Chinese even without the words of `known` and masked names."""
        longest_first = sorted(known, key=len, reverse=True)
        data = re.compile("|".join([_MASKED, *map(re.escape, longest_first)]))
        return [text for text in self.texts() if _CHINESE.search(data.sub("", text))]

    def heard(self, message: ConsoleMessage) -> None:
        # A form that is sent back with its faults has status 422, of which Chromium complains.
        if message.type in ("error", "warning") and "status of 422" not in message.text:
            self.complaints.append(message.text)

    def asked(self, request: Request) -> None:
        if not request.url.startswith(self.place.url):
            self.strangers.append(request.url)


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def screen(browser: Browser, place: Place) -> Iterator[Screen]:
    """A new clerk's browser; in the end it must have asked nobody else, and not complained."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(_WATCH)
    page = context.new_page()
    watched = Screen(place, page)
    page.on("console", watched.heard)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    context.on("request", watched.asked)
    try:
        yield watched
        assert watched.strangers == []
        assert watched.complaints == []
    finally:
        context.close()
