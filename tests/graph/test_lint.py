"""What the linter says of the schema, and that it would say so."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.npm import NODE, installed, needs_node
from tests.server.program import ROOT

SOURCES = ROOT / "schema-lint"
SCHEMA = (ROOT / "schema.graphql").read_text()
pytestmark = needs_node

# Each mistake in a line that names the rules that see it.
MUTATIONS = '''
  """Words."""
  mutationOfThing( # => naming-convention no-typename-prefix

    """Words."""
    of: ThingInput! # => no-restricted-syntax

  ): Figure! # => no-restricted-syntax

  """Words."""
  makeThing: Boolean # => no-restricted-syntax no-scalar-result-type-on-mutation

  """Words."""
  makeFigure: Figure # => no-restricted-syntax

'''
TYPES = '''

type NoWords { # => require-description no-unreachable-types

  """Words."""
  id: ID!
}

"""Words."""
type Thing implements Node {
  id: ID! # => require-description

  "Words." # => description-style
  plain: String!

  # Words, which nobody is shown. # => no-hashtag-description
  other: String! # => require-description

  """Words."""
  thing_name: String! # => naming-convention no-typename-prefix

  """Words."""
  older: String @deprecated # => require-deprecation-reason

  """Words."""
  old: String @deprecated(reason: "Use `new`. Removed soon.") # => no-restricted-syntax

  """Words."""
  friends: ThingConnection! # => relay-arguments

  """Words."""
  followers( # => relay-arguments relay-arguments

    """Words."""
    first: Int

    """Words."""
    after: String
  ): ThingConnection!

  """Words."""
  secret: String! @auth(requires: [SELF]) # => no-restricted-syntax

}

"""Words."""
type ThingConnection { # => relay-connection-types

  """Words."""
  edges: [ThingEdge!]!
}

"""Words."""
type ThingEdge { # => relay-edge-types

  """Words."""
  node: Thing!
}

"""Words."""
type Figure { # => strict-id-in-types

  """Words."""
  count: Int!
}

"""Words."""
input ThingInput @oneOf {
  """Words."""
  name: String
}

"""Words."""
enum ThingEnum { # => naming-convention no-unreachable-types
  GOOD # => require-description

  """Words."""
  bad # => naming-convention

  """Words."""
  Bad # => naming-convention unique-enum-value-names

}
'''


@pytest.fixture(scope="module")
def linter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules, beside the packages that their lock pins."""
    return installed(SOURCES, tmp_path_factory.mktemp("lint"), "eslint.config.js")


def found(linter: Path, schema: str) -> list[tuple[int, str]]:
    """The line of each finding, and its rule; in order."""
    (linter / "schema.graphql").write_text(schema)
    eslint = [NODE, "node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "--format", "json"]
    done = subprocess.run(
        [*eslint, "schema.graphql"], cwd=linter, capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    (file,) = json.loads(done.stdout)
    messages: list[dict[str, Any]] = file["messages"]
    assert done.returncode == (1 if messages else 0)
    return sorted((one["line"], one["ruleId"].rpartition("/")[2]) for one in messages)


def test_the_linter_finds_each_mistake_that_is_planted_in_the_schema_and_no_other(linter: Path) -> None:
    planted = SCHEMA.replace("type Mutation {\n", f"type Mutation {{\n{MUTATIONS}") + TYPES
    marks = [(number, line.partition("# => ")[2]) for number, line in enumerate(planted.splitlines(), 1)]
    expected = sorted((number, rule) for number, rules in marks for rule in rules.split())

    assert len(expected) == 30
    assert found(linter, planted) == expected
