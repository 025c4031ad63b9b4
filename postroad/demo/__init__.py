"""A piece of Tianjin Hexi on one machine: real programs, tunnels, pages, and bad links."""
