"""Who speaks in the timeline: a module for each, and the switches that turn them on and off."""
