"""The journal and the tables: the only place with SQL. May import core."""
