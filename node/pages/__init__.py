"""The pages that a clerk at an outpost works with."""
