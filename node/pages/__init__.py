"""The pages that a clerk at an outpost works with."""

from node.pages.site import blueprint

__all__ = ["blueprint"]
