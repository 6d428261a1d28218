"""Pure data and rules of the house: no I/O, no Qt, no SQL, no HTTP. Imports nothing above it."""
