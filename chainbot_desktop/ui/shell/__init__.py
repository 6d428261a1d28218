"""The top-level window around the four windows: navigation, status, messages, palette. Knows no service, only setters."""
