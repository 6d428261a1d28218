"""Model providers: choosing, asking, counting. The only room that knows the model framework, with kinds/assistant."""
