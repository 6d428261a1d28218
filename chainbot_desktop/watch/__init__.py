"""Metrics, logs and health of this machine and program. May import core."""
