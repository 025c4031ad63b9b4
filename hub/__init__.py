"""The program of every tier above the outpost; its upstream is another hub."""
