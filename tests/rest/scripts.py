"""Requests of clients that are switched over, each as its tool sends it. HOST and TOKEN are replaced."""

import shutil
import sys
from importlib.util import find_spec
from typing import NamedTuple


class Script(NamedTuple):
    tool: str
    """The program that runs it; `requests` is Python with that package."""
    suffix: str
    text: str

    def command(self, file: str) -> list[str] | None:
        """None if this machine has not what it needs."""
        if self.tool == "requests":
            return [sys.executable, file] if find_spec("requests") else None
        program = shutil.which(self.tool)
        if program is None:
            return None
        return [program, "run", file] if self.tool == "go" else [program, file]


def _curl(path: str, body: str, rest: str = "") -> Script:
    return Script(
        "bash",
        ".sh",
        f"""curl -sS -X POST "HOST{path}" \\
  -H "Content-Type: application/json" \\
  -H "x-auth-token: Bearer TOKEN" \\
  -d '{body}'{rest}
""",
    )


_ALL = '"clientUuids": null, "productsUuid": null, "domain": null'
CURL = {
    "dashboard": _curl(
        "/v2/metrics/dashboard",
        f'{{"startDate": "2023-06-01T00:00:00", "endDate": "2023-07-01T23:59:59", {_ALL}}}',
    ),
    "3D views by week": _curl(
        "/v2/metrics/views-data",
        '{"viewType": "3DView", "actionTypes": ["view"], "returnFields": ["device"], '
        '"startDate": "2023-01-01T00:00:00", "endDate": "2023-06-30T23:59:59", '
        f'"dateInterval": "WEEK", {_ALL}}}',
    ),
    "AR views by month": _curl(
        "/v2/metrics/views-data",
        '{"viewType": "ARView", "actionTypes": ["click", "scan"], "returnFields": ["device"], '
        '"startDate": "2023-01-01T00:00:00", "endDate": "2023-06-30T23:59:59", '
        f'"dateInterval": "MONTH", {_ALL}}}',
    ),
    "report": _curl(
        "/v2/metrics/summary-report",
        '{"startDate": "2023-01-01", "endDate": "2023-06-30", '
        '"clientUuids": null, "productUuids": null, "domain": null}',
        " | jq -r '.response.document' | base64 -d",
    ),
}

STUDIO_PATH = "/api/v1/aistudios/metrics/"
STUDIO = [
    Script(
        "requests",
        ".py",
        f"""import requests

headers = {{"Content-Type": "application/json", "Authorization": "Bearer TOKEN"}}
response = requests.post("HOST{STUDIO_PATH}", json={{"url": "ai-research-studio"}}, headers=headers)
print(response.text)
""",
    ),
    Script(
        "node",
        ".mjs",
        f"""const options = {{
  method: "POST",
  headers: {{ "Content-Type": "application/json", Authorization: "Bearer TOKEN" }},
  body: '{{"url":"ai-research-studio"}}',
}};
const response = await fetch("HOST{STUDIO_PATH}", options);
console.log(JSON.stringify(await response.json()));
""",
    ),
    Script(
        "go",
        ".go",
        f"""package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

func main() {{
	body := strings.NewReader("{{\\n \\"url\\": \\"ai-research-studio\\"\\n}}")
	request, _ := http.NewRequest("POST", "HOST{STUDIO_PATH}", body)
	request.Header.Add("Content-Type", "application/json")
	request.Header.Add("Authorization", "Bearer TOKEN")
	response, _ := http.DefaultClient.Do(request)
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	fmt.Println(string(text))
}}
""",
    ),
    Script(
        "ruby",
        ".rb",
        f"""require 'uri'
require 'net/http'
url = URI("HOST{STUDIO_PATH}")
request = Net::HTTP::Post.new(url)
request["Content-Type"] = 'application/json'
request["Authorization"] = 'Bearer TOKEN'
request.body = "{{\\n \\"url\\": \\"ai-research-studio\\"\\n}}"
puts Net::HTTP.new(url.host, url.port).request(request).read_body
""",
    ),
    Script(
        "php",
        ".php",
        f"""<?php
$options = ['http' => [
    'method' => 'POST',
    'header' => "Content-Type: application/json\\r\\nAuthorization: Bearer TOKEN",
    'content' => '{{ "url": "ai-research-studio" }}',
]];
echo file_get_contents('HOST{STUDIO_PATH}', false, stream_context_create($options));
""",
    ),
]

HTTPIE = Script(
    "bash",
    ".sh",
    """http --ignore-stdin --body POST HOST/api/user_insights/ "Authorization: Token TOKEN" \\
  number_of_roles:=2 \\
  works:='[{"item_id": "stuff gggg", "source_type": 1, "in_app_plays": 0, "is_individual_work": true}]'
echo
http --ignore-stdin --body GET HOST/api/user_insights/USER "Authorization: Token TOKEN"
""",
)
