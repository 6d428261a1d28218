"""What the program is measured against: the least that does the same kind of thing."""
