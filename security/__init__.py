"""Sealing, signatures, the chain of trust, and the keys and tunnels that carry them."""
