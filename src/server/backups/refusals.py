"""Why a backup cannot be written or read."""


class Broken(Exception):
    """Says in the words of the database or its program what is wrong."""
