"""From observations to alerts: the rules, the trips they need, and the episodes they open and close.

Pure: no clock, no socket, no database. The same fixes give the same episodes however they are
cut into batches.
"""
