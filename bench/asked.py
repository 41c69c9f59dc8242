"""What the benchmark of costs asks for: `$` stands before the name of one of the objects that there are."""

from string import Template

YEAR = 'range: {start: "2023-01-01", end: "2023-12-31"}'
MARCH = 'range: {start: "2023-03-01", end: "2023-03-31"}'
PASSWORD = "a password of the benchmark"  # noqa: S105

_ASSETS = "organizations(first: 1) { edges { node { assets(first: 60) { edges { node {"
WAYS = {
    "Publication": "{ publications(first: 60) { edges { node { %s } } } }",
    "User": "{ publications(first: 60) { edges { node { owner { %s } } } } }",
    "UserInsight": "{ publications(first: 60) { edges { node { owner { insight { %s } } } } } }",
    "Work": "{ publications(first: 60) { edges { node { owner { insight { works { %s } } } } } } }",
    "Organization": "{ organizations(first: 100) { edges { node { %s } } } }",
    "Workspace": "{ organizations(first: 100) { edges { node {"
    " workspaces(first: 4) { edges { node { %s } } } } } } }",
    "Asset": "{ " + _ASSETS + " %s } } } } } } }",
    "EngagementMetrics": "{ publications(first: 60) { edges { node { metrics(" + MARCH + ") { %s } } } } }",
    "AssetMetrics": "{ " + _ASSETS + " metrics(" + YEAR + ") { %s } } } } } } } }",
    "RankedAsset": "{ organizations(first: 1) { edges { node {"
    " metrics(" + YEAR + ") { topAssets(first: 60) { %s } } } } } }",
}
"""By way of what each type is reached for many different objects; `%s` is what is asked of each."""

ARGUMENTS = {
    ("Publication", "metrics"): ["", MARCH],
    ("Publication", "views"): [
        f"{YEAR}, interval: MONTH",
        f"{YEAR}, interval: DAY",
        f"{YEAR}, interval: WEEK, groupBy: [DEVICE, DOMAIN]",
    ],
    ("Publication", "actions"): [
        f"action: LIKE, {YEAR}, interval: MONTH",
        f"action: VIEW, {MARCH}, interval: HOUR",
        f"action: VIEW, {MARCH}, interval: HOUR, zeroFill: true",
    ],
    ("Asset", "metrics"): [MARCH, YEAR],
    ("Workspace", "metrics"): [MARCH],
    ("Organization", "metrics"): [YEAR],
    ("AssetMetrics", "views"): [
        "viewType: VIEW_3D, interval: MONTH",
        "viewType: VIEW_3D, interval: DAY",
        "viewType: VIEW_AR, interval: WEEK, groupBy: [DEVICE, DOMAIN], zeroFill: true",
        "viewType: VIEW_3D, interval: MONTH, groupBy: [ASSET, DEVICE]",
    ],
    ("AssetMetrics", "actions"): ["action: ENGAGED_VIEW, interval: MONTH", "action: AR_CLICK, interval: DAY"],
}
"""By which a field makes more, or less, than without."""


class Asked(Template):
    """A selection that is asked for `times` times, under other names and of other objects."""

    def __init__(self, text: str, times: int = 60) -> None:
        super().__init__(text)
        self.times = times


def _of_an_organization(text: str, times: int = 3) -> Asked:
    scope = 'organization(id: "$organization") { metrics(range: {start: "2023-01-$day", end: "2023-12-31"})'
    return Asked(f"{scope} {{ {text} }} }}", times)


MANY = {
    "Query.node": Asked('node(id: "$publication") { id }'),
    "Query.nodes": Asked('nodes(ids: ["$publication", "$asset", "$user"]) { id }'),
    "Query.viewer": Asked("viewer { username }"),
    "Query.limits": Asked("limits { maxCost maxPoints }"),
    "Query.publication": Asked('publication(url: "publication-$n") { name }'),
    "Query.publications": Asked("publications(first: $n) { edges { node { name } cursor } totalCount }"),
    "Query.user": Asked('user(by: {id: "$user"}) { username }'),
    "Query.userInsight": Asked('userInsight(userId: "$user") { hasAbout }'),
    "Query.organizations": Asked("organizations(first: $n) { edges { node { name } } }"),
    "Query.organization": Asked('organization(id: "$organization") { name }'),
    "Query.workspace": Asked('workspace(id: "$workspace") { name }'),
    "Query.asset": Asked('asset(id: "$asset") { name }'),
    "series of an organization by asset and month": _of_an_organization(
        "views(viewType: VIEW_3D, interval: MONTH, groupBy: [ASSET], zeroFill: true)"
        " { points { dateInterval count asset { name } } }",
    ),
    "series by asset, device and domain, with zeros": _of_an_organization(
        "views(viewType: VIEW_3D, interval: MONTH, groupBy: [ASSET, DEVICE, DOMAIN], zeroFill: true)"
        " { count }"
    ),
    "series whose points have more than leaves": _of_an_organization(
        "views(viewType: VIEW_3D, interval: WEEK, groupBy: [ASSET])"
        " { points { dateInterval count asset { name workspace { name } } } }"
    ),
    "SummaryReport.document": _of_an_organization("summaryReport { document }"),
    "SummaryReport.url": _of_an_organization("summaryReport { url }", 20),
}

WRITES = {
    "login": f'login(input: {{password: {{email: "maker@bench.test", password: "{PASSWORD}"}}}})',
    "createAuthenticationKey": 'createAuthenticationKey(input: {name: "key $n"})',
    "likePublication": 'likePublication(publicationId: "$publication")',
    "unlikePublication": 'unlikePublication(publicationId: "$publication")',
    "bookmarkPublication": 'bookmarkPublication(publicationId: "$publication")',
    "unbookmarkPublication": 'unbookmarkPublication(publicationId: "$publication")',
    "sharePublication": 'sharePublication(publicationId: "$publication")',
    "commentOnPublication": 'commentOnPublication(input: {publicationId: "$publication", body: "$n"})',
    "bookAppointment": 'bookAppointment(input: {publicationId: "$publication",'
    ' startsAt: "2033-01-01T10:00:00Z", endsAt: "2033-01-01T11:00:00Z"})',
    "followUser": 'followUser(userId: "$user")',
    "unfollowUser": 'unfollowUser(userId: "$user")',
    "createPublication": 'createPublication(input: {name: "x", customUrl: "more-$n"})',
    "updatePublication": 'updatePublication(input: {id: "$publication", name: "$n"})',
    "publishExperience": 'publishExperience(input: {publicationId: "$publication", type: QUEST,'
    ' title: "$n"})',
    "createOrganization": 'createOrganization(input: {name: "$n"})',
    "createWorkspace": 'createWorkspace(input: {organizationId: "$organization", name: "$n"})',
    "inviteMember": 'inviteMember(input: {organizationId: "$organization", userId: "$user"})',
    "issueOrganizationToken": 'issueOrganizationToken(organizationId: "$organization")',
    "createAsset": 'createAsset(input: {workspaceId: "$workspace", name: "$n"})',
    "updateAsset": 'updateAsset(input: {id: "$asset", name: "$n"})',
    "updateUserInsight": "updateUserInsight(input: {numberOfRoles: $n})",
    "recordEvents": 'recordEvents(events: [{subject: {publicationId: "$publication"}, action: VIEW}])',
}
"""In an order in which each finds what the ones before it made."""
