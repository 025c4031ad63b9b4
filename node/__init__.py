"""The outpost: the program of the lowest tier."""
