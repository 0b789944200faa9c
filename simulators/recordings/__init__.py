"""Positions that were recorded somewhere, in the forms that people have, as one stream of messages."""
