"""The embedded HTTP server: a face of the house beside the panel. May import everything below `app` and `ui`; never Qt, never SQL."""
