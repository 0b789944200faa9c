"""Projection, corridors, limits and matching: from fixes to observations, a batch at a time. Pure."""
