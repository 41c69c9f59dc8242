"""How large a number may be."""

LARGEST = 2**53 - 1
"""The largest whole number that every reader of JSON reads exactly: what BigInt holds."""
LARGEST_SELF_REPORTED = 10**12
"""Of what somebody tells of themselves: the sums of a thousand such figures are still far below LARGEST."""
