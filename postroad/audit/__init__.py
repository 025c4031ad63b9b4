"""What an auditor does on the command line: verify, follow a case, export, print."""
