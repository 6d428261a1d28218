"""Rules over figures, lines and events, and the alerts that they make."""
