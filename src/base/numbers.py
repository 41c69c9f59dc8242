"""How large numbers may be."""

LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON reads exactly: what BigInt holds."""
LARGEST_INT = 2**31 - 1
"""The largest Int of GraphQL."""
LARGEST_SELF_REPORTED = 10**12
"""The largest number that users may report about themselves: a sum of a thousand is still far below
LARGEST.
"""
