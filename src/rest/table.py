"""The table of all routes."""

from typing import Any

from rest import asset_metrics, insights, organizations, sign_in, studio_metrics
from rest.apis import ASSET_ANALYTICS, STUDIO_METRICS, USER_INSIGHTS, Api
from rest.route import Route

APIS = (STUDIO_METRICS, ASSET_ANALYTICS, USER_INSIGHTS)
ROUTES: tuple[Route[Any, Any], ...] = (
    *studio_metrics.ROUTES,
    *sign_in.ROUTES,
    *organizations.ROUTES,
    *asset_metrics.ROUTES,
    *insights.ROUTES,
)


def paths_of(route: Route[Any, Any]) -> tuple[str, str]:
    """Clients differ in whether they write the slash at the end."""
    bare = route.path.rstrip("/")
    return bare, f"{bare}/"


def prefixes() -> list[tuple[str, Api]]:
    """The longest first."""
    found = [(prefix, api) for api in APIS for prefix in api.prefixes]
    return sorted(found, key=lambda one: -len(one[0]))
