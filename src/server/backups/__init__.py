"""Backups: a file with all that a database has at one moment, taken while servers run."""
