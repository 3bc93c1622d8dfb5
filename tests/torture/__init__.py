"""Processes and servers killed at any moment, and what the next command makes of it."""
