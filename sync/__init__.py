"""Carries sealed documents between nodes without knowing what a case is."""
