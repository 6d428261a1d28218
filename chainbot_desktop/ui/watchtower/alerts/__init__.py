"""The Alerts page of the Watchtower, and how the panel tells of alerts over any window."""
