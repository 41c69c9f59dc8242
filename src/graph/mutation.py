"""All mutations, in the order of the schema."""

import strawberry

from graph.mutations.accounts import AccountMutations
from graph.mutations.appointments import AppointmentMutations
from graph.mutations.assets import AssetMutations
from graph.mutations.domain_aliases import DomainAliasMutations
from graph.mutations.events import EventMutations
from graph.mutations.invitations import InvitationMutations
from graph.mutations.organizations import OrganizationMutations
from graph.mutations.people import PeopleMutations
from graph.mutations.publications import PublicationMutations
from graph.mutations.reactions import ReactionMutations
from graph.mutations.sign_in import SignInMutations


@strawberry.type(
    description=(
        "What a viewer who is signed in can change; others get UNAUTHENTICATED. Mutations are executed one "
        "after the other, in the order in which they are written. Each is done as a whole or not at all. "
        "NOT_FOUND means that an object is not there, or that the viewer may not know of it; FORBIDDEN "
        "means that the viewer may see it but not change it. A mutation that fails is null, with its "
        "error; the mutations before and after it are still done."
    )
)
class Mutation(
    SignInMutations,
    AccountMutations,
    EventMutations,
    PublicationMutations,
    ReactionMutations,
    AppointmentMutations,
    PeopleMutations,
    OrganizationMutations,
    InvitationMutations,
    AssetMutations,
    DomainAliasMutations,
):
    pass
