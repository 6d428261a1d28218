"""The panel from which one person runs a house full of agents."""

__version__ = "0.1.0"
