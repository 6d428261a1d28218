"""Recall: what was said, noted or written before and fits a question, found and brought to whoever is to answer it."""
