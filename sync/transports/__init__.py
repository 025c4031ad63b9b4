"""Ways a conversation of two nodes travels, behind one port."""
