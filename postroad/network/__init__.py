"""Making a network: every unit of an area with its keys, configuration, logins and registry."""
