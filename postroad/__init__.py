"""The postroad command, the demonstration and the table of exit codes."""
