"""The first start: a card of a few steps over the Agent Map, and the small checklist that stays of it."""
