"""Four tiers in one process, on a virtual clock and a faulty network and disk."""
