"""Four tiers in one process: real protocol, fold and sealing on a virtual clock.

A run is a function of its seed. Time, link faults, crashes and what clerks do are drawn from
one seeded source. The trace names no hash, because HPKE draws its ephemeral keys from the
system: hashes of sealed bytes differ from run to run, while sizes, order and decisions do not.
"""
