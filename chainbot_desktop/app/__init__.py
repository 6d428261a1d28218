"""The composition root: the only place where things are wired together."""
