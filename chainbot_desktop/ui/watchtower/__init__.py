"""The Watchtower window."""
