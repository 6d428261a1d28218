"""The client of ALEX OS, and a simulator of it. May import core and store."""
