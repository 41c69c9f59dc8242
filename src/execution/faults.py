"""What a plan does not answer itself."""


class Unplanned(Exception):
    """The operation selects what a plan cannot do. Nothing is wrong with it."""


class Surprise(Exception):
    """A value came otherwise than the plan says, or an error makes more null than its own field."""
