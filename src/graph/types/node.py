import strawberry

from graph.fields import described


@strawberry.interface(description="An object with an id of its own, to be fetched again by `node`.")
class Node:
    id: strawberry.ID = described("A global id: opaque, and stable for as long as the object exists.")
