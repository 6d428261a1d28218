"""Live events over WebSockets: snapshot, then every delta in order; a slow client slows nobody."""
