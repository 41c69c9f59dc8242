import strawberry

from graph.fields import described


@strawberry.interface(description="An object with a global id, by which `node` finds it again.")
class Node:
    id: strawberry.ID = described("A global id: opaque, and stable for as long as the object exists.")
