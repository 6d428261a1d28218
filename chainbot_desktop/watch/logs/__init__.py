"""Log lines from everywhere: one timeline of what runs here, and any file from the disk."""
