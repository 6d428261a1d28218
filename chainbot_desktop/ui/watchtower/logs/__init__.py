"""The Logs page: a document of log lines, what of it passes, and what can be done with it."""
