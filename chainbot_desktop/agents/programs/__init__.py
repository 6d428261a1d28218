"""Small programs that the agents of templates run, each in a process of its own. They import the standard library alone."""
