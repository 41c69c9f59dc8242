"""The services of the program, made from the settings."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from auth.account_services import AccountRules, AccountServices
from auth.identities import FirstSight, ForeignTokens
from auth.issuer import Issuer, IssuerSettings
from auth.key_uses import KeyUses
from auth.ledger import Ledger
from auth.links import LinkSigner
from auth.mail import MailSettings, MailWebhook
from auth.rates import RateLimits, Rates
from auth.sign_in_limiter import SignInLimiter, SignInRates
from auth.tokens import Signer
from auth.viewer_cache import ViewerCache
from base.errors import Unavailable
from database import Database, channel_of
from ingest.buffer import Buffer
from ingest.collect_limiter import CollectLimiter, CollectRates
from ingest.domain_caps import DomainCaps
from ingest.freshness import changes_of, freshness_of
from ingest.retention import Retention
from ingest.sizes import Sizes
from ingest.subject_cache import SubjectCache
from ingest.topics import Topics
from ingest.visitors import Salts, VisitorKeys
from loaders.figure_cache import FigureCache
from loaders.remembered_rights import RememberedRights
from resolvers.context import Limits, Services
from resolvers.quotas import Quotas
from server.doors.studio import DOCUMENTS
from server.graphql.manifest import NOTHING_TRUSTED, read_manifest
from server.graphql.persisted_documents import PersistedDocuments
from server.secrets import secrets_of, with_passing_secret
from server.settings import Settings
from server.social_networks import refresher_of, weights_of

log = logging.getLogger("viewgraph")

WRITE_SECONDS = 4.0
"""So callers learn within 5 seconds that the database cannot write."""
_COMMAND_SECONDS = 60.0
"""How long a command waits until a batch of events is written."""


def services_of(settings: Settings, *, are_patient: bool = False) -> Services:
    """`are_patient`: whether writing waits for the database as long as it takes, as in commands."""
    secrets = secrets_of(settings)
    database = Database(
        settings.database_url,
        readers=settings.database_readers,
        read_seconds=settings.max_query_seconds,
        write_seconds=None if are_patient else WRITE_SECONDS,
    )
    topics = Topics(channel_of(database.url, workers=settings.workers))
    # Other processes may keep answers, even if this one does not.
    database.commits.on_commit.append(topics.tell)
    keeps = settings.kept_answer_bytes and settings.cache_seconds
    freshness = freshness_of(database, topics)
    mark = partial(changes_of, freshness)
    clock = partial(datetime.now, UTC)
    visitor_keys = VisitorKeys(secrets.visitor_keys)
    # Changed seldom: with another one, it is forgotten from where people signed in.
    secret = visitor_keys.current
    # With PostgreSQL, other machines may serve too.
    is_shared = settings.workers > 1 or database.dialect_name == "postgresql"
    ledger = Ledger(database, secret, clock) if is_shared else None
    return Services(
        database=database,
        topics=topics,
        buffer=Buffer(
            database,
            topics,
            _sizes(settings, are_patient=are_patient),
            DomainCaps(settings.max_domains_per_day, settings.max_own_domains_per_day),
        ),
        salts=Salts(database, visitor_keys),
        subjects=SubjectCache(),
        figure_cache=FigureCache(seconds=settings.cache_seconds),
        signer=Signer(
            secrets.tokens,
            lifetime=timedelta(minutes=settings.token_minutes),
            issuer=settings.token_issuer,
            audience=settings.token_audience,
        ),
        links=LinkSigner(secrets.links, settings.link_origin()),
        sign_in_limiter=SignInLimiter(
            SignInRates(
                settings.sign_ins_per_account,
                settings.sign_ins_of_strangers,
                settings.sign_ins_per_address,
                settings.mails_per_address,
            ),
            secret,
            clock,
            ledger,
        ),
        key_uses=KeyUses(database),
        rates=RateLimits(
            Rates(settings.query_cost_per_user, settings.query_cost_per_address),
            Rates(settings.mutation_cost_per_user, settings.mutation_cost_per_address),
            ledger,
        ),
        collect_limiter=CollectLimiter(
            CollectRates(settings.events_per_address, settings.events_per_subject)
        ),
        visitor_keys=visitor_keys,
        limits=Limits(
            page_size=settings.max_page_size,
            range_days=settings.max_range_days,
            cost=settings.max_cost,
            points=settings.max_points,
            document_tokens=settings.max_document_tokens,
            former_url_days=settings.former_url_days,
            offline_hours=settings.max_offline_hours,
            honours_signals=settings.honour_privacy_signals,
            counts_own_views=settings.count_own_views,
            quotas=Quotas(
                appointment_hours=settings.max_appointment_hours,
                appointments=settings.max_appointments,
                appointments_of_publication=settings.max_appointments_of_publication,
            ),
            query_seconds=settings.max_query_seconds,
            introspection=settings.introspection,
        ),
        retention=Retention(
            settings.keep_event_days or None,
            settings.keep_site_days or None,
            settings.keep_day_total_days or None,
        ),
        accounts=_accounts(settings, database, clock),
        viewer_cache=ViewerCache(mark),
        rights=RememberedRights(mark),
        freshness=freshness,
        keeps_answers=bool(keeps),
        score_weights=weights_of(settings),
        refresher=refresher_of(settings, database, clock),
        clock=clock,
    )


async def close_services(services: Services) -> None:
    """Writes all accepted events first."""
    await services.accounts.close()
    await services.buffer.close()
    await services.topics.close()
    await services.rates.close()
    await services.sign_in_limiter.close()
    await _write_uses(services.key_uses)
    if services.freshness:
        services.freshness.close()
    await services.database.close()


async def _write_uses(uses: KeyUses) -> None:
    try:
        await uses.write()
    except (Unavailable, SQLAlchemyError, OSError) as error:
        log.warning("The last use of some keys was not stored: %s", type(error).__name__)


def _accounts(settings: Settings, database: Database, clock: Callable[[], datetime]) -> AccountServices:
    rules = AccountRules(
        timedelta(days=settings.refresh_days),
        timedelta(days=settings.sign_in_days),
        timedelta(minutes=settings.link_minutes),
        settings.sign_up,
        settings.page_of_links(),
    )
    token = settings.mail_webhook_token.get_secret_value() if settings.mail_webhook_token else None
    webhook = MailSettings(settings.mail_webhook, token)
    mail = MailWebhook(webhook, settings.page_of_links()) if settings.mail_webhook else None
    return AccountServices(rules, mail, foreign=_foreign(settings, database, clock))


def _foreign(settings: Settings, database: Database, clock: Callable[[], datetime]) -> ForeignTokens | None:
    """None if no other issuer is trusted."""
    if not settings.oidc_issuer:
        return None
    known = IssuerSettings(settings.oidc_issuer, settings.oidc_audiences(), settings.oidc_key_set or None)
    rules = FirstSight(settings.oidc_links_by_email, settings.oidc_creates_users)
    return ForeignTokens(Issuer(known, clock), database, rules)


def services_that_sign_nothing(settings: Settings) -> Services:
    """The services of commands. Commands need no secret, so this stores none."""
    return services_of(with_passing_secret(settings), are_patient=True)


def persisted_documents_of(settings: Settings) -> PersistedDocuments:
    """Raises Failure if the manifest cannot be read."""
    file = settings.trusted_documents
    return PersistedDocuments(
        read_manifest(Path(file)) if file else NOTHING_TRUSTED,
        only_trusted=settings.only_trusted_documents,
        registered_bytes=settings.persisted_query_bytes,
        own=read_manifest(DOCUMENTS) if settings.studio else NOTHING_TRUSTED,
    )


def _sizes(settings: Settings, *, are_patient: bool) -> Sizes:
    sizes = Sizes(batch=settings.max_batch_events, capacity=settings.max_waiting_events)
    return sizes._replace(patience=_COMMAND_SECONDS, limit=_COMMAND_SECONDS) if are_patient else sizes
