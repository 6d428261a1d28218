"""Getting better models than the one that comes along: what was found, a server, a key, a file."""
