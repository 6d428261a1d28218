"""The Code Agent window."""
