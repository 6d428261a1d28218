"""The whole program notices that somebody guesses tokens, and says so."""

from __future__ import annotations
