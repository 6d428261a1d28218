"""Agents alive: state, queue, limits, and the truth after a crash."""
