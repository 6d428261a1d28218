"""The kinds of agents that come along, one file or folder each."""
