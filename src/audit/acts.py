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
    MEMBER_ADDED = "A user became a member of an organization, with a role. `objectId` is the user's."
    MEMBER_REMOVED = "A user is no longer a member of an organization. `objectId` is the user's."
    SITES_CHANGED = "The sites were changed from which the events of an asset count."
    ALIASES_CHANGED = "The other names of sites were set anew."
    PUBLICATION_CREATED = "A publication was made."
    CO_CREATOR_ADDED = "A user became a co-creator of a publication. `objectId` is the user's."
    CO_CREATOR_REMOVED = "A user is no longer a co-creator of a publication. `objectId` is the user's."
    FIGURES_SHARED = "The figures of a publication were changed that everybody may see."
    COMMENT_DELETED = "A comment was deleted. `objectId` was the comment's."
    TIME_ZONE_CHANGED = "The reporting time zone was changed, and all totals were counted anew in it."
    CATALOG_IMPORTED = "Rows of a catalog were imported: people, what they own, and who belongs to what."
    EVENTS_IMPORTED = "Events were imported from a file. `objectId` is the number of the import."
    IMPORT_UNDONE = "An import of events was undone. `objectId` is its number."
    EVENTS_PRUNED = "Old events were deleted, and their totals stayed."
    BACKED_UP = "A backup of the whole database was written."
    RESTORED = "The database was filled from a backup."
