"""What a case is, which acts are lawful, and how entries fold into a state."""
