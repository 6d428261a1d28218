"""Typed links between agents, and what passes over them."""
