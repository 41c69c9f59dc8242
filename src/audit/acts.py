from enum import Enum, unique


@unique
class Act(Enum):
    """What the audit trail tells of. The names are stored, so that a name keeps its meaning for ever; the
    values are their words in the schema.
    """

    ACCOUNT_CREATED = "An account was made."
    KEY_CREATED = "An authentication key was made. `objectId` is the key's."
    KEY_REVOKED = "An authentication key was revoked. `objectId` is the key's."
    ORGANIZATION_CREATED = "An organization was made."
    WORKSPACE_CREATED = "A workspace was made."
    MEMBER_INVITED = "A user was invited to become a member, with a `role`. `objectId` is the user's."
    WORKSPACE_MEMBER_INVITED = "A member was invited to a `workspace`. `objectId` is the user's."
    CO_CREATOR_INVITED = "A user was invited to become a co-creator. `objectId` is the user's."
    INVITATION_DECLINED = "A user declined an invitation. `objectId` is the invitation's."
    INVITATION_WITHDRAWN = "An invitation was taken back. `objectId` was the invitation's."
    WORKSPACE_MEMBER_ADDED = "A member may enter a `workspace` from now on. `objectId` is the user's."
    WORKSPACE_MEMBER_REMOVED = (
        "A member left a `workspace`, or was removed from it. `objectId` is the user's."
    )
    ROLE_CHANGED = "The `role` of a member was changed. `objectId` is the user's."
    MEMBER_ADDED = "A user became a member of an organization, with a `role`. `objectId` is the user's."
    MEMBER_REMOVED = "A user is no longer a member of an organization. `objectId` is the user's."
    SITES_CHANGED = "The `sites` were changed from which the events of an asset count."
    ALIASES_CHANGED = "Other names of sites were set: so many `aliases`."
    PUBLICATION_CREATED = "A publication was made."
    CO_CREATOR_ADDED = "A user became a co-creator of a publication. `objectId` is the user's."
    CO_CREATOR_REMOVED = "A user is no longer a co-creator of a publication. `objectId` is the user's."
    FIGURES_SHARED = "The `figures` of a publication were changed that everybody may see."
    PUBLICATION_DELETED = "A publication was deleted, with all that belongs to it."
    EXPERIENCE_DELETED = "An experience was deleted. `objectId` was the experience's."
    ASSET_DELETED = "An asset was deleted, with all that was counted of it."
    WORKSPACE_DELETED = "A workspace was deleted, with its assets."
    ORGANIZATION_DELETED = "An organization was deleted, with its workspaces and assets."
    ACCOUNT_DELETED = "An account was deleted, and its person is erased. `objectId` is null."
    ACCOUNT_EXPORTED = "What is kept of a person was exported."
    COMMENT_DELETED = "A comment was deleted. `objectId` was the comment's."
    TIME_ZONE_CHANGED = "The reporting `timeZone` was changed, and all totals were counted anew in it."
    CATALOG_IMPORTED = "Rows of a catalog were imported: people, what they own, and who belongs to what."
    EVENTS_PRUNED = "Old events were deleted, and their totals stayed."
    BACKED_UP = "A backup of the whole database was written."
    RESTORED = "The database was filled from a backup."
    PASSWORD_CHANGED = "An account got another password, and all its tokens of before ended."  # noqa: S105
    RESET_LINK_MADE = "An operator made a link by which an account gets another password."
    EMAIL_CHANGED = "An account got another email."
    USERNAME_CHANGED = "An account got another username."
    SIGN_INS_ENDED = "All sign-ins of an account were ended."
    IDENTITY_LINKED = "An account at another issuer was linked to a user: its tokens act as the user."
    IDENTITY_UNLINKED = "An account at another issuer was linked to a user no more."
