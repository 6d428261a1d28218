"""The conversations that a person had with ChatGPT, taken over from the export that its settings offer."""
