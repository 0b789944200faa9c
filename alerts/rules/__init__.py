"""The rules, one module each: what violates, what is clear, how grave it is, and what is told."""
