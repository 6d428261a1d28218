"""What agents may do, and what is asked first."""
