"""All mutations, in the order of the schema."""

import strawberry

from graph.mutations.appointments import AppointmentMutations
from graph.mutations.assets import AssetMutations
from graph.mutations.domain_aliases import DomainAliasMutations
from graph.mutations.events import EventMutations
from graph.mutations.organizations import OrganizationMutations
from graph.mutations.people import PeopleMutations
from graph.mutations.publications import PublicationMutations
from graph.mutations.reactions import ReactionMutations
from graph.mutations.sign_in import SignInMutations


@strawberry.type(
    description=(
        "What can be changed, by whoever is signed in; others get UNAUTHENTICATED. Mutations are executed "
        "one after the other, as they are written, and each is done as a whole or not at all. An object "
        "that is not there, or that the viewer may not know of, is NOT_FOUND; one that the viewer may see "
        "but not change is FORBIDDEN. A mutation that fails is null, with its error; those before and after "
        "it are done all the same."
    )
)
class Mutation(
    SignInMutations,
    EventMutations,
    PublicationMutations,
    ReactionMutations,
    AppointmentMutations,
    PeopleMutations,
    OrganizationMutations,
    AssetMutations,
    DomainAliasMutations,
):
    pass
