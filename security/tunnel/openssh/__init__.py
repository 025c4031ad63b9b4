"""Debian's sshd as the gateway of a hub: its configuration, admissions, sessions and proof."""
