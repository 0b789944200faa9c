"""The vocabulary of Buswatch: fixes in columns, buses, approvals, assignments, time and errors.

Pure values and arithmetic. Nothing here opens a socket, a file or a database, and nothing here
imports another room of the house.
"""
