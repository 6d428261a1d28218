"""Tokens, tickets and where secrets live. May import core."""
