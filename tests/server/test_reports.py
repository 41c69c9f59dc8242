"""The link to a report: who may open it, for how long, and what it answers to everybody else."""

from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from logging import INFO, LogRecord
from pathlib import Path

import httpx
import jwt
import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from auth.links import LinkSigner
from auth.tokens import Claims, Signer
from server.app import create_app
from server.doors.report_files import disposition
from server.logs import Redacting
from server.settings import Settings
from tests.server.program import Program
from tests.studio import SECRET, Studio, services_for
from tests.workbooks import XLSX, rows, table, workbook

NO_SUCH = {"code": "NOT_FOUND", "message": "There is no such report."}
EXPIRED = {
    "code": "NOT_FOUND",
    "reason": "LINK_EXPIRED",
    "message": "This link was good for 15 minutes and has expired. Ask for a new one.",
}
METRICS = """metrics(range: {start: "2023-06-01", end: "2023-06-30"}) {
  summaryReport(format: CSV) { document url } }"""
OF_ORGANIZATION = f"query($id: ID!) {{ of: organization(id: $id) {{ {METRICS} }} }}"
OF_WORKSPACE = f"query($id: ID!) {{ of: workspace(id: $id) {{ {METRICS} }} }}"
OF_ASSET = f"query($id: ID!) {{ of: asset(id: $id) {{ {METRICS} }} }}"


async def ask(studio: Studio, query: str, id: str, token: str) -> tuple[str, bytes]:
    """The link and the document."""
    answer = await studio.send(
        {"query": query, "variables": {"id": id}}, {"authorization": f"Bearer {token}"}
    )
    report = answer.data["of"]["metrics"]["summaryReport"]
    return report["url"], b64decode(report["document"])


@pytest.fixture
async def chair(studio: Studio) -> str:
    chair = await studio.add_asset("Chair")
    lamp = await studio.add_asset("Lamp", workspace=1)
    await studio.report([{"subject": {"assetId": id}, "action": "VIEW_3D"} for id in (chair, chair, lamp)])
    return chair


@pytest.fixture
async def url(studio: Studio, chair: str) -> str:
    assert chair
    return (await ask(studio, OF_ORGANIZATION, studio.organization, studio.token("admin")))[0]


async def test_a_link_leads_to_the_file_that_the_field_has(studio: Studio, chair: str) -> None:
    for query, id, counted in (
        (OF_ORGANIZATION, studio.organization, "3"),
        (OF_WORKSPACE, studio.workspaces[0], "2"),
        (OF_ASSET, chair, "2"),
    ):
        url, document = await ask(studio, query, id, studio.token("admin"))

        response = await studio.client.get(url)

        assert (response.status_code, response.content) == (200, document)
        assert table(response.content)[-1][3] == counted


FILTERED = """query($id: ID!, $workspaces: [ID!], $assets: [ID!]) { organization(id: $id) {
  metrics(range: {start: "2023-06-15T12:30:00.5", end: "2023-06-15T17:44:59"}, timeZone: "Asia/Kathmandu",
    domain: "Shop.example", workspaceIds: $workspaces, assetIds: $assets) {
    summaryReport { document url }
    previous { summaryReport { document url } } } } }"""


async def test_a_link_keeps_the_filters_the_zone_and_the_instants(studio: Studio, chair: str) -> None:
    desk = await studio.add_asset("Desk")
    # From 06:45:00.5Z up to 12:00:00Z; the range before starts at 01:30:01Z.
    times = ("01:30:00", "01:30:01", "01:30:02", "06:45:00", "06:45:01", "11:59:59", "12:00:00")
    await studio.report(
        [
            {
                "subject": {"assetId": id},
                "action": "VIEW_3D",
                "occurredAt": f"2023-06-15T{time}Z",
                "domain": domain,
            }
            for time in times
            for id in (chair, desk)
            for domain in ("shop.example", "other.example")
        ]
    )

    answer = await studio.ask(
        FILTERED, "admin", id=studio.organization, workspaces=studio.workspaces[:1], assets=[chair]
    )

    found = answer.data["organization"]["metrics"]
    for metrics, counted in ((found, 2), (found["previous"], 3)):
        report = metrics["summaryReport"]
        response = await studio.client.get(report["url"])
        assert response.content == b64decode(report["document"])
        assert rows(workbook(response.content), "Assets")[1:] == [
            ["Chair", "Furniture", "Unknown", counted, *[0] * 6, chair],
            ["Total", None, None, counted, *[0] * 6, None],
        ]


async def test_the_file_is_a_download_that_nobody_keeps(studio: Studio) -> None:
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Möbel & Söhne: \\"Holz\\""}) { organization { id } } }',
        "owner",
    )
    id = made.data["createOrganization"]["organization"]["id"]
    asked = OF_ORGANIZATION.replace("(format: CSV) { document url }", " { url filename }")
    answer = await studio.ask(asked, "owner", id=id)
    report = answer.data["of"]["metrics"]["summaryReport"]

    response = await studio.client.get(report["url"])

    assert report["filename"] == "Möbel & Söhne Holz 2023-06-01 to 2023-06-30.xlsx"
    assert dict(response.headers) == {
        "content-type": XLSX,
        "content-length": str(len(response.content)),
        "content-disposition": (
            'attachment; filename="M_bel & S_hne Holz 2023-06-01 to 2023-06-30.xlsx"; '
            "filename*=UTF-8''M%C3%B6bel%20%26%20S%C3%B6hne%20Holz%202023-06-01%20to%202023-06-30.xlsx"
        ),
        "cache-control": "private, no-store",
        "x-request-id": response.headers["x-request-id"],
        "x-content-type-options": "nosniff",
    }


def test_a_name_in_a_header_is_one_line_of_ascii() -> None:
    assert disposition('a"b\\c\r\nd;é.csv'.translate({ord(c): " " for c in '"\\\r\n'})) == (
        "attachment; filename=\"a b c  d;_.csv\"; filename*=UTF-8''a%20b%20c%20%20d%3B%C3%A9.csv"
    )


async def test_a_link_is_absolute_as_the_request_came_in(studio: Studio, chair: str) -> None:
    headers = {"authorization": f"Bearer {studio.token('admin')}", "host": "stats.example:8443"}

    answer = await studio.send({"query": OF_ASSET, "variables": {"id": chair}}, headers)

    url: str = answer.data["of"]["metrics"]["summaryReport"]["url"]
    assert url.startswith("http://stats.example:8443/reports/")


async def test_a_link_is_good_for_15_minutes(studio: Studio, url: str) -> None:
    studio.clock.advance(minutes=15, microseconds=-1)
    assert (await studio.client.get(url)).status_code == 200

    studio.clock.advance(microseconds=1)
    response = await studio.client.get(url)

    assert (response.status_code, response.json()) == (410, EXPIRED)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "private, no-store"


async def test_a_link_tells_what_is_counted_when_it_is_opened(studio: Studio, chair: str, url: str) -> None:
    await studio.report([{"subject": {"assetId": chair}, "action": "VIEW_3D"}])

    assert table((await studio.client.get(url)).content)[-1][3] == "4"


async def test_a_changed_link_leads_nowhere(studio: Studio, url: str) -> None:
    address, _, token = url.rpartition("/")
    header, payload, signature = token.split(".")
    other = jwt.encode(jwt.decode(token, options={"verify_signature": False}), SECRET, "HS256")
    unsigned = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    widened = urlsafe_b64decode(payload + "==").replace(b"2023-06-01", b"2020-06-01")

    for changed in (
        f"{header}.{payload}.{signature[:-2]}AA",
        f"{header}.{urlsafe_b64encode(widened).decode().rstrip('=')}.{signature}",
        f"{unsigned}.{payload}.",
        other,
        token[:-1],
        "x",
        "a.b.c",
        "%00",
        "é",
    ):
        response = await studio.client.get(f"{address}/{changed}")
        assert (response.status_code, response.json()) == (404, NO_SUCH), changed


async def test_an_access_token_is_no_link_and_a_link_no_access_token(studio: Studio, url: str) -> None:
    address, _, token = url.rpartition("/")

    as_link = await studio.client.get(f"{address}/{studio.token('admin')}")
    as_token = await studio.send({"query": "{ viewer { username } }"}, {"authorization": f"Bearer {token}"})

    assert (as_link.status_code, as_link.json()) == (404, NO_SUCH)
    assert as_token.errors == [("UNAUTHENTICATED", "viewer")]


async def test_no_setting_makes_a_link_an_access_token(studio: Studio, url: str) -> None:
    signer = Signer(
        [SECRET], lifetime=timedelta(hours=1), issuer="viewgraph", audience="viewgraph report link"
    )
    app = create_app(Settings(), replace(studio.services, signer=signer))
    token = signer.issue(Claims(studio.people["admin"].row.public_id), studio.clock.now).text
    address, _, link = url.rpartition("/")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        as_link = await client.get(f"{address}/{token}")
        as_token = await client.post(
            "http://test/graphql",
            json={"query": "{ viewer { username } }"},
            headers={"authorization": f"Bearer {link}"},
        )

    assert (as_link.status_code, as_link.json()) == (404, NO_SUCH)
    assert as_token.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_a_link_carries_is_public(studio: Studio, url: str) -> None:
    payload = jwt.decode(url.rpartition("/")[2], options={"verify_signature": False})

    assert payload == {
        "aud": "viewgraph report link",
        "sub": studio.people["admin"].row.public_id.hex,
        "exp": int(studio.clock.now.timestamp()) + 15 * 60,
        "org": None,
        "wsp": None,
        "gen": 0,
        "sid": None,
        "ask": {
            "of": studio.organization,
            "format": "csv",
            "start": "2023-06-01T00:00:00Z",
            "end": "2023-07-01T00:00:00Z",
            "zone": "UTC",
        },
    }


async def test_a_rotated_secret_still_verifies(studio: Studio, url: str) -> None:
    new = "a newer secret of the tests, also long enough"
    for secrets, status in (([new, SECRET], 200), ([new], 404)):
        app = create_app(Settings(), replace(studio.services, links=LinkSigner(secrets)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
            assert (await client.get(url)).status_code == status


async def open_shop(studio: Studio) -> tuple[str, str, str]:
    """The stranger's organization with a workspace and an asset; the member is an admin of it."""
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Shop"}) { organization { id } } }', "stranger"
    )
    organization = made.data["createOrganization"]["organization"]["id"]
    made = await studio.ask(
        """mutation($id: ID!) { createWorkspace(input: {organizationId: $id, name: "Window"}) {
          workspace { id } } }""",
        "stranger",
        id=organization,
    )
    workspace = made.data["createWorkspace"]["workspace"]["id"]
    made = await studio.ask(
        """mutation($id: ID!) { createAsset(input: {workspaceId: $id, name: "Vase"}) { asset { id } } }""",
        "stranger",
        id=workspace,
    )
    return organization, workspace, made.data["createAsset"]["asset"]["id"]


async def add(studio: Studio, organization: str, role: str, workspaces: list[str]) -> None:
    await studio.add_member(
        "member", "stranger", organizationId=organization, role=role, workspaceIds=workspaces
    )


async def remove(studio: Studio, organization: str) -> None:
    answer = await studio.ask(
        """mutation($o: ID!, $u: ID!) { removeMember(input: {organizationId: $o, userId: $u}) {
          user { username } } }""",
        "stranger",
        o=organization,
        u=studio.people["member"].id,
    )
    assert answer.data


@pytest.mark.parametrize("query", [OF_ORGANIZATION, OF_WORKSPACE, OF_ASSET])
@pytest.mark.parametrize("role", ["ADMIN", "MEMBER"])
async def test_who_lost_the_right_finds_no_report(studio: Studio, query: str, role: str) -> None:
    ids = await open_shop(studio)
    organization, workspace, asset = ids
    await add(studio, organization, role, [workspace] if role == "MEMBER" else [])
    token = studio.token("member")
    if role == "MEMBER":
        issued = await studio.ask(
            """mutation($o: ID!, $w: ID!) {
              issueWorkspaceToken(organizationId: $o, workspaceId: $w) { accessToken } }""",
            "member",
            o=organization,
            w=workspace,
        )
        token = issued.data["issueWorkspaceToken"]["accessToken"]
    id = dict(zip((OF_ORGANIZATION, OF_WORKSPACE, OF_ASSET), ids, strict=True))[query]
    url, document = await ask(studio, query, id, token)
    assert (await studio.client.get(url)).content == document

    await remove(studio, organization)
    response = await studio.client.get(url)

    assert (response.status_code, response.json()) == (404, NO_SUCH)
    assert asset not in response.text


async def test_a_workspaces_token_makes_a_link_to_that_workspace_alone(studio: Studio, chair: str) -> None:
    issued = await studio.ask(
        """mutation($o: ID!, $w: ID!) {
          issueWorkspaceToken(organizationId: $o, workspaceId: $w) { accessToken } }""",
        "member",
        o=studio.organization,
        w=studio.workspaces[0],
    )
    token = issued.data["issueWorkspaceToken"]["accessToken"]

    url, document = await ask(studio, OF_ORGANIZATION, studio.organization, token)

    response = await studio.client.get(url)
    assert response.content == document
    assert [row[-1] for row in table(response.content)[1:-1]] == [chair]


async def test_what_is_gone_is_no_report(studio: Studio, chair: str) -> None:
    url, _ = await ask(studio, OF_ASSET, chair, studio.token("admin"))
    async with studio.services.database.writing() as session:
        await session.execute(text("DELETE FROM assets"))

    response = await studio.client.get(url)

    assert (response.status_code, response.json()) == (404, NO_SUCH)


async def test_only_reading_is_answered(studio: Studio, url: str) -> None:
    head = await studio.client.head(url)
    post = await studio.client.post(url)

    assert (head.status_code, head.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert post.status_code == 405


async def test_a_workbook_comes_whole_by_the_link(studio: Studio, chair: str, tmp_path: Path) -> None:
    query = OF_ASSET.replace("format: CSV", "format: XLSX")
    url, document = await ask(studio, query, chair, studio.token("admin"))

    response = await studio.client.get(url)

    file = tmp_path / "report.xlsx"
    file.write_bytes(response.content)
    assert response.content == document
    assert load_workbook(file)["Assets"]["A2"].value == "Chair"


async def test_while_the_database_is_away_a_link_says_when_to_come_back(studio: Studio, url: str) -> None:
    away = services_for("postgresql://viewgraph@127.0.0.1:1/viewgraph", studio.clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(Settings(), away))) as client:
        response = await client.get(url)
        unknown = await client.get(f"{url}x")

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json() == {
        "code": "UNAVAILABLE",
        "retryAfter": 1,
        "message": "The database cannot be reached. Try again shortly.",
    }
    assert (unknown.status_code, unknown.json()) == (404, NO_SUCH)


async def test_a_bug_is_masked(studio: Studio, url: str) -> None:
    with studio.services.database.observed(_fail):
        response = await studio.client.get(url)

    assert response.status_code == 500
    assert response.json() == {
        "code": "INTERNAL_SERVER_ERROR",
        "message": "Something went wrong here.",
    }


def _fail(_: str) -> None:
    raise RuntimeError("what nobody expects, and nobody is told of")


def test_the_access_log_has_no_link_that_anybody_could_open() -> None:
    arguments = ("10.0.0.1:5", "GET", "/reports/eyJhbGciOi.x.y?z=1", "1.1", 200)
    record = LogRecord("uvicorn.access", INFO, "", 0, '%s - "%s %s HTTP/%s" %d', arguments, None)

    assert Redacting().filter(record)
    assert record.getMessage() == '10.0.0.1:5 - "GET /reports/...?z=1 HTTP/1.1" 200'


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_link_works_through_a_proxy(
    studio: Studio, chair: str, database_url: str, tmp_path: Path
) -> None:
    person = Claims(studio.people["admin"].row.public_id)
    token = studio.services.signer.issue(person, datetime.now(UTC)).text
    with Program(
        "serve",
        folder=tmp_path,
        VIEWGRAPH_DATABASE_URL=database_url,
        VIEWGRAPH_SECRET=SECRET,
        VIEWGRAPH_PUBLIC_ORIGIN="request",
    ) as run:
        headers = {
            "authorization": f"Bearer {token}",
            "host": "stats.example",
            "x-forwarded-proto": "https",
        }
        report = run.post(OF_ASSET, headers, id=chair)["data"]["of"]["metrics"]["summaryReport"]
        path = report["url"].removeprefix("https://stats.example")
        async with httpx.AsyncClient() as client:
            response = await client.get(f"{run.address}{path}")

    assert path.startswith("/reports/")
    assert response.content == b64decode(report["document"])
    assert [row[3] for row in table(response.content)[1:]] == ["2", "2"]
    assert run.out.count('"path":"/reports"') == 1
    assert path not in run.out + run.err


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_link_keeps_what_the_rows_are(studio: Studio, chair: str) -> None:
    query = OF_ASSET.replace("format: CSV", "format: CSV, rows: DAYS")
    url, document = await ask(studio, query, chair, studio.token("admin"))

    assert (await studio.client.get(url)).content == document
    heading, line, *_ = document.decode("utf-8-sig").splitlines()
    assert heading.startswith('"Asset","Workspace","Day","3D views"')
    assert line.startswith('"Chair","Furniture","2023-06-15",2,')


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_report_by_day_has_a_limit(studio: Studio) -> None:
    for number in range(28):
        await studio.add_asset(f"Chair {number}")
    query = """query($o: ID!) { organization(id: $o) {
      metrics(range: {start: "2013-07-01", end: "2023-06-30"}) {
        summaryReport(format: CSV, rows: DAYS) { url document } } } }"""
    answer = await studio.ask(query, "admin", o=studio.organization)

    assert answer.errors == [("BAD_USER_INPUT", "organization.metrics.summaryReport.document")]
    assert answer.body["errors"][0]["message"] == (
        "A report by day has 100,000 rows at most, and 3,652 days of 28 assets may have more: "
        "narrow the range, or name fewer assets."
    )
    assert {"argument": "rows", "reason": "TOO_MANY"}.items() <= answer.extensions.items()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_link_keeps_the_separator_and_the_decimal_mark(studio: Studio, chair: str) -> None:
    query = OF_ASSET.replace("format: CSV", "format: CSV, separator: SEMICOLON, decimalComma: true")
    url, document = await ask(studio, query, chair, studio.token("admin"))

    assert (await studio.client.get(url)).content == document
    heading, line, *_ = document.decode("utf-8-sig").splitlines()
    assert heading.startswith('"Asset";"Workspace";"Device";"3D views"')
    assert line.startswith('"Chair";"Furniture";"Unknown";2;0;0;0;0;0;"0,0";')
