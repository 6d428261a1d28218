"""The card by which a human answers an agent, over every window."""
