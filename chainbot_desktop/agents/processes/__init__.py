"""Child processes that end when they are told to."""
