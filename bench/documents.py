"""What is asked by those who abuse the server."""

from graphql import get_introspection_query

LIGHT = """query($n: Int!) { publications(first: 5) { edges { node { name customUrl owner { username } } } }
  ignored: __typename @include(if: true) limits { maxCost } user(by: {username: "healthy"}) { username }
  more: publications(first: $n) { totalCount } }"""
LISTS = """{ publications(first: 100) { totalCount edges { node { name owner { username
  publications(first: 20) { edges { node { name customUrl createdAt } } } } coCreators { username } } } } }"""
EXPENSIVE = """{ publications(first: 100) { edges { node { owner {
  publications(first: 100) { edges { node { name } } } } } } } }"""
SERIES = """query($id: ID!, $start: RangeBound!, $end: RangeBound!, $assets: [ID!]) {
  organization(id: $id) { metrics(range: {start: $start, end: $end}, assetIds: $assets) {
    views(viewType: VIEW_3D, interval: DAY, groupBy: [ASSET, DEVICE], zeroFill: true) {
      count points { dateInterval start count deviceCategory asset { name } }
} } } }"""
LOGIN = """mutation($email: String!, $password: String!) {
  login(input: {password: {email: $email, password: $password}}) { accessToken } }"""
RECORD = """mutation($events: [EventInput!]!) {
  recordEvents(events: $events) { stored duplicates dropped } }"""
INTROSPECTION = get_introspection_query().replace("IntrospectionQuery", "Flood")
_ALIASES = 300


def aliases(url: str) -> str:
    """One field under many names."""
    fields = (f'a{n}: publication(url: "{url}") {{ name owner {{ username }} }}' for n in range(_ALIASES))
    return "{ " + " ".join(fields) + " }"
