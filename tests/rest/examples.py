"""Requests as the documentations of the three APIs show them, each by its own tool.

Method, path, headers and body are those of the documented example, byte for byte. HOST and TOKEN are
replaced.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

PROGRAMS = Path(sys.executable).parent
"""Of the packages that are installed for the tests."""


class Example(NamedTuple):
    name: str
    tools: tuple[str, ...]
    """The programs that it needs; `requests` is Python with that package."""
    command: tuple[str, ...]
    """What runs the file."""
    suffix: str
    text: str

    def missing(self) -> list[str]:
        """What this machine has not."""
        return [
            tool
            for tool in self.tools
            if not (find_spec(tool) if tool == "requests" else shutil.which(tool, path=_PATH))
        ]

    def signed_in(self) -> "Example":
        """With a token beside the documented headers, where the documented example has none."""
        return self._replace(text=_NO_TOKEN.sub(_TOKENS[self.suffix], self.text))


_PATH = f"{PROGRAMS}:{os.environ['PATH']}"


def _curl(name: str, path: str, fields: dict[str, Any], rest: str = "", tools: Sequence[str] = ()) -> Example:
    lines = ",\n".join(f"    {json.dumps(field)}: {json.dumps(value)}" for field, value in fields.items())
    text = f"""curl -sS -X POST "HOST{path}" \\
  -H "Content-Type: application/json" \\
  -H "x-auth-token: Bearer TOKEN" \\
  -d '{{
{lines}
  }}'{rest}
"""
    return Example(name, ("bash", "curl", *tools), ("bash",), ".sh", text)


_ALL = {"clientUuids": None, "productsUuid": None, "domain": None}
_HALF_A_YEAR = {"startDate": "2023-01-01T00:00:00", "endDate": "2023-06-30T23:59:59"}
DASHBOARD = _curl(
    "dashboard",
    "/v2/metrics/dashboard",
    {"startDate": "2023-06-01T00:00:00", "endDate": "2023-07-01T23:59:59", **_ALL},
)
WEEKS = _curl(
    "3D views by week",
    "/v2/metrics/views-data",
    {
        "viewType": "3DView",
        "actionTypes": ["view"],
        "returnFields": ["device"],
        **_HALF_A_YEAR,
        "dateInterval": "WEEK",
        **_ALL,
    },
)
MONTHS = _curl(
    "AR views by month",
    "/v2/metrics/views-data",
    {
        "viewType": "ARView",
        "actionTypes": ["click", "scan"],
        "returnFields": ["device"],
        **_HALF_A_YEAR,
        "dateInterval": "MONTH",
        **_ALL,
    },
)
REPORT = _curl(
    "report",
    "/v2/metrics/summary-report",
    {
        "startDate": "2023-01-01",
        "endDate": "2023-06-30",
        "clientUuids": None,
        "productUuids": None,
        "domain": None,
    },
    " | jq -r '.response.document' | base64 -d > analytics-report.xlsx",
    tools=("jq", "base64"),
)

_STUDIO = "HOST/api/v1/aistudios/metrics/"
_INDENTED = r"{\n \"url\": \"ai-research-studio\"\n}"
_TOKENS = {
    ".py": 'headers["Authorization"] = "Bearer TOKEN"',
    ".mjs": "options.headers.Authorization = 'Bearer TOKEN';",
    ".go": 'req.Header.Add("Authorization", "Bearer TOKEN")',
    ".rb": "request['Authorization'] = 'Bearer TOKEN'",
    ".php": "$headers[] = 'Authorization: Bearer TOKEN';",
}
_NO_TOKEN = re.compile("(#|//) no token")


def _python(*, has_body: bool) -> str:
    body = "json={'url': 'ai-research-studio'}, " if has_body else ""
    return f"""import requests
headers = {{"Content-Type": "application/json"}}
# no token
print(requests.post("{_STUDIO}", {body}headers=headers).text)
"""


def _node(*, has_body: bool) -> str:
    body = """'{"url":"ai-research-studio"}'""" if has_body else "undefined"
    return f"""const headers = {{'Content-Type': 'application/json'}};
const options = {{method: 'POST', headers, body: {body}}};
// no token
console.log(await (await fetch('{_STUDIO}', options)).text());
"""


def _go(*, has_body: bool) -> str:
    body, imported = (f'strings.NewReader("{_INDENTED}")', '"strings"') if has_body else ("nil", "")
    return f"""package main
import (
	"fmt"
	"io"
	"net/http"
	{imported}
)
func main() {{
	req, _ := http.NewRequest("POST", "{_STUDIO}", {body})
	req.Header.Add("Content-Type", "application/json")
	// no token
	res, _ := http.DefaultClient.Do(req)
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	fmt.Println(string(text))
}}
"""


def _ruby(*, has_body: bool) -> str:
    body = f'request.body = "{_INDENTED}"' if has_body else ""
    return f"""require 'net/http'
url = URI("{_STUDIO}")
request = Net::HTTP::Post.new(url)
request["Content-Type"] = 'application/json'
# no token
{body}
puts Net::HTTP.new(url.host, url.port).request(request).read_body
"""


def _php(*, has_body: bool) -> str:
    body = """'{ "url": "ai-research-studio" }'""" if has_body else "''"
    return f"""<?php
$headers = ['Content-Type: application/json'];
# no token
$http = ['method' => 'POST', 'header' => $headers, 'content' => {body}, 'ignore_errors' => true];
echo file_get_contents('{_STUDIO}', false, stream_context_create(['http' => $http]));
"""


def studio_examples(*, has_body: bool) -> list[Example]:
    """Of the metrics of studios."""
    return [
        Example("python", ("requests",), (sys.executable,), ".py", _python(has_body=has_body)),
        Example("node", ("node",), ("node",), ".mjs", _node(has_body=has_body)),
        Example("go", ("go",), ("go", "run"), ".go", _go(has_body=has_body)),
        Example("ruby", ("ruby",), ("ruby",), ".rb", _ruby(has_body=has_body)),
        Example("php", ("php",), ("php",), ".php", _php(has_body=has_body)),
    ]


_INSIGHT = """{
    "number_of_roles": 2,
    "works": [{
        "item_id": "stuff gggg",
        "source_type": 1,
        "in_app_plays": 0,
        "is_individual_work": true
    }]
}"""
CREATE_INSIGHT = Example(
    "create an insight",
    ("bash", "http"),
    ("bash",),
    ".sh",
    f"""printf '%s' '{_INSIGHT}' | http --body POST HOST/api/user_insights/ "Authorization: Token TOKEN"
""",
)
READ_INSIGHT = Example(
    "read an insight",
    ("bash", "http"),
    ("bash",),
    ".sh",
    """http --ignore-stdin --body GET HOST/api/user_insights/7 "Authorization: Token TOKEN"
""",
)
