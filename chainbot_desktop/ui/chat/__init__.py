"""The Chat window."""
