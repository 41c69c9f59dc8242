import strawberry

from auth.viewer import TokenScope
from graph.fields import mutation
from graph.info import Info
from graph.mutations.arguments import InvitationId
from graph.types.payloads import (
    AcceptInvitationPayload,
    DeclineInvitationPayload,
    WithdrawInvitationPayload,
)
from resolvers import invitation_answers


@strawberry.type
class InvitationMutations:
    """Answers to invitations."""

    @mutation(TokenScope.USER)
    async def accept_invitation(self, info: Info, id: InvitationId) -> AcceptInvitationPayload | None:
        """The viewer joins what an invitation is for. Only the user who is invited may do so, also after
        declining it. CONFLICT, with the reason TOO_MANY, if there is no room any more."""
        return AcceptInvitationPayload.of(id, await invitation_answers.accept(info.context, id))

    @mutation(TokenScope.USER)
    async def decline_invitation(self, info: Info, id: InvitationId) -> DeclineInvitationPayload | None:
        """The viewer does not want to join. Only the user who is invited may do so. Nobody can invite the
        viewer there again before the invitation expires."""
        return DeclineInvitationPayload(id=strawberry.ID(await invitation_answers.decline(info.context, id)))

    @mutation(TokenScope.ORGANIZATION)
    async def withdraw_invitation(self, info: Info, id: InvitationId) -> WithdrawInvitationPayload | None:
        """Takes an invitation back. Those who may invite may do so: owners and admins of the organization,
        for an invitation as OWNER its owners, and the owner of the publication. CONFLICT, with the reason
        DECLINED, if it was declined."""
        return WithdrawInvitationPayload(
            id=strawberry.ID(await invitation_answers.withdraw(info.context, id))
        )
