"""SSH tunnels from a node to its hub; the only code that knows paramiko."""
