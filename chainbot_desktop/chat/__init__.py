"""Conversations, slash commands and how Markdown becomes harmless HTML. May import core and store."""
