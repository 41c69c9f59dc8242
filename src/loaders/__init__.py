"""Every loader of a request, made when first asked for."""

from datetime import datetime
from functools import cached_property

from database import Database
from loaders.asset_metrics import AssetSeries, FiguresByAsset, FiguresOfScope, RankedAssets
from loaders.assets import (
    AssetById,
    AssetByPublicId,
    AssetsOfOrganization,
    AssetsOfWorkspace,
    FormatsOfAsset,
)
from loaders.counts import Counts, CountsOfMany, SumsOfMany
from loaders.credentials import AccountByEmail, KeyByDigest, PasswordByEmail
from loaders.domains import AliasesOfTenant
from loaders.engagement import (
    EngagementOfPublication,
    ExperienceCountsOfPublication,
)
from loaders.ever import EverCounts
from loaders.figure_cache import FigureCache, Versions
from loaders.insights import (
    EVEN_WEIGHTS,
    InsightByPublicId,
    InsightByUser,
    InsightScores,
    Plays,
    ProfileSearches,
    ProfileViews,
    ScoreWeights,
    WorksOfInsight,
)
from loaders.organizations import (
    OrganizationById,
    OrganizationByPublicId,
    RolesOfUser,
    WorkspaceById,
    WorkspaceByPublicId,
    WorkspacesOfUser,
)
from loaders.pages import Pages, RowCounts
from loaders.people import SocialCountsByUser, UserById, UserByPublicId, UserByUsername
from loaders.publications import (
    AppointmentByPublicId,
    CoCreators,
    CommentByPublicId,
    ExperienceByPublicId,
    PublicationById,
    PublicationByPublicId,
    PublicationByUrl,
)
from loaders.reports import Documents, Reports
from loaders.series import PointBudget
from loaders.subjects import AssetSubject, ProfileSubject, PublicationSubject, WorkSubject
from loaders.views import Views
from loaders.visitors import VisitorsOfPublication, VisitorsOfSubjects


class Loaders:
    def __init__(
        self,
        database: Database,
        cache: FigureCache,
        now: datetime,
        score_weights: ScoreWeights = EVEN_WEIGHTS,
        *,
        most_points: int = 25_000,
    ) -> None:
        """`most_points`: that all series together may have."""
        self._database = database
        self._figure_cache = cache
        self._now = now
        self._score_weights = score_weights
        self._points = PointBudget(most_points)
        self.told = PointBudget(most_points)
        """Of points that are told: one series may be, under several names."""

    @cached_property
    def user(self) -> UserById:
        return UserById(self._database)

    @cached_property
    def user_by_public_id(self) -> UserByPublicId:
        return UserByPublicId(self._database)

    @cached_property
    def user_by_username(self) -> UserByUsername:
        return UserByUsername(self._database)

    @cached_property
    def account_by_email(self) -> AccountByEmail:
        return AccountByEmail(self._database)

    @cached_property
    def password_by_email(self) -> PasswordByEmail:
        return PasswordByEmail(self._database)

    @cached_property
    def key_by_digest(self) -> KeyByDigest:
        return KeyByDigest(self._database)

    @cached_property
    def social_counts(self) -> SocialCountsByUser:
        return SocialCountsByUser(self._database)

    @cached_property
    def publication(self) -> PublicationById:
        return PublicationById(self._database)

    @cached_property
    def publication_by_public_id(self) -> PublicationByPublicId:
        return PublicationByPublicId(self._database)

    @cached_property
    def publication_by_url(self) -> PublicationByUrl:
        return PublicationByUrl(self._database)

    @cached_property
    def co_creators(self) -> CoCreators:
        return CoCreators(self._database)

    @cached_property
    def experience_by_public_id(self) -> ExperienceByPublicId:
        return ExperienceByPublicId(self._database)

    @cached_property
    def comment_by_public_id(self) -> CommentByPublicId:
        return CommentByPublicId(self._database)

    @cached_property
    def appointment_by_public_id(self) -> AppointmentByPublicId:
        return AppointmentByPublicId(self._database)

    @cached_property
    def pages(self) -> Pages:
        return Pages(self._database)

    @cached_property
    def row_counts(self) -> RowCounts:
        return RowCounts(self._database)

    @cached_property
    def counts(self) -> Counts:
        return Counts(self._database)

    @cached_property
    def views(self) -> Views:
        return Views(self._database, self._points)

    @cached_property
    def versions(self) -> Versions:
        return Versions(self._database, self._figure_cache, self._now)

    @cached_property
    def engagement(self) -> EngagementOfPublication:
        return EngagementOfPublication(
            self._database, self._figure_cache, self.versions, self._now, self.counts
        )

    @cached_property
    def visitors(self) -> VisitorsOfPublication:
        return VisitorsOfPublication(self._database, self._figure_cache, self.versions, self._now)

    @cached_property
    def experience_counts(self) -> ExperienceCountsOfPublication:
        return ExperienceCountsOfPublication(self._database, self._figure_cache)

    @cached_property
    def organization(self) -> OrganizationById:
        return OrganizationById(self._database)

    @cached_property
    def organization_by_public_id(self) -> OrganizationByPublicId:
        return OrganizationByPublicId(self._database)

    @cached_property
    def workspace(self) -> WorkspaceById:
        return WorkspaceById(self._database)

    @cached_property
    def workspace_by_public_id(self) -> WorkspaceByPublicId:
        return WorkspaceByPublicId(self._database)

    @cached_property
    def roles(self) -> RolesOfUser:
        return RolesOfUser(self._database)

    @cached_property
    def workspaces_of_user(self) -> WorkspacesOfUser:
        return WorkspacesOfUser(self._database)

    @cached_property
    def publication_subject(self) -> PublicationSubject:
        return PublicationSubject(self._database)

    @cached_property
    def asset_subject(self) -> AssetSubject:
        return AssetSubject(self._database)

    @cached_property
    def profile_subject(self) -> ProfileSubject:
        return ProfileSubject(self._database)

    @cached_property
    def work_subject(self) -> WorkSubject:
        return WorkSubject(self._database)

    @cached_property
    def ever_counts(self) -> EverCounts:
        return EverCounts(self._database)

    @cached_property
    def insight_of_user(self) -> InsightByUser:
        return InsightByUser(self._database)

    @cached_property
    def insight_by_public_id(self) -> InsightByPublicId:
        return InsightByPublicId(self._database)

    @cached_property
    def works(self) -> WorksOfInsight:
        return WorksOfInsight(self._database)

    @cached_property
    def insight_scores(self) -> InsightScores:
        return InsightScores(self._database, self.works, self.ever_counts, self._score_weights)

    @cached_property
    def plays(self) -> Plays:
        return Plays(self._database, self.ever_counts)

    @cached_property
    def profile_views(self) -> ProfileViews:
        return ProfileViews(self._database, self.ever_counts)

    @cached_property
    def profile_searches(self) -> ProfileSearches:
        return ProfileSearches(self._database, self.ever_counts)

    @cached_property
    def asset(self) -> AssetById:
        return AssetById(self._database)

    @cached_property
    def asset_by_public_id(self) -> AssetByPublicId:
        return AssetByPublicId(self._database)

    @cached_property
    def assets_of_organization(self) -> AssetsOfOrganization:
        return AssetsOfOrganization(self._database)

    @cached_property
    def assets_of_workspace(self) -> AssetsOfWorkspace:
        return AssetsOfWorkspace(self._database)

    @cached_property
    def formats(self) -> FormatsOfAsset:
        return FormatsOfAsset(self._database)

    @cached_property
    def counts_of_many(self) -> CountsOfMany:
        return CountsOfMany(self._database)

    @cached_property
    def sums_of_many(self) -> SumsOfMany:
        return SumsOfMany(self._database)

    @cached_property
    def figures_by_asset(self) -> FiguresByAsset:
        return FiguresByAsset(self._database, self.counts_of_many)

    @cached_property
    def figures_of_scope(self) -> FiguresOfScope:
        return FiguresOfScope(self._database, self.figures_by_asset)

    @cached_property
    def ranked_assets(self) -> RankedAssets:
        return RankedAssets(self._database, self.figures_by_asset)

    @cached_property
    def reports(self) -> Reports:
        return Reports(
            self._database,
            self._now,
            self.counts_of_many,
            self.sums_of_many,
            self.ranked_assets,
            self.asset,
            self.workspace,
            self.organization,
        )

    @cached_property
    def documents(self) -> Documents:
        return Documents(self._database, self.reports)

    @cached_property
    def domain_aliases(self) -> AliasesOfTenant:
        return AliasesOfTenant(self._database)

    @cached_property
    def asset_visitors(self) -> VisitorsOfSubjects:
        return VisitorsOfSubjects(self._database, self._now)

    @cached_property
    def asset_series(self) -> AssetSeries:
        return AssetSeries(self._database, self._points)
