"""The pages of hub staff, supervisors and IT staff."""
