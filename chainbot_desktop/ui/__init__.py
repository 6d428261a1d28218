"""Everything with pixels. May import Qt and every capability."""
