"""The Agent Map window."""
