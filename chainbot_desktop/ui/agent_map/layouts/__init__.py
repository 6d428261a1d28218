"""Layouts of the whole map: layered, organic and grid, grouped or not. No Qt, nothing of the house but the map's sizes and its errors.

`request` says what is asked, `worker` asks a child process (igraph keeps the interpreter's lock while it works, so a thread would
stop the loop), `child` is that process. All else is arithmetic with numpy and igraph and is imported in the child alone.
"""
