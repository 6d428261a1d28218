"""Agents and entanglements known to this house. May import core."""
