"""Deletes what nobody finds any more, little by little, so that nobody waits for it."""
