"""The log of a hub: every record it holds as a leaf of one tree, in files that never change."""
