"""Requests to a human: durable, answered once."""
