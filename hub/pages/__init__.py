"""The pages of hub staff, supervisors and IT staff."""

from hub.pages.site import blueprint

__all__ = ["blueprint"]
