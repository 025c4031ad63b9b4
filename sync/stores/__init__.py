"""Places where documents rest, behind one port."""
