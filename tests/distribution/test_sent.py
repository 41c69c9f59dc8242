"""What is told of a statement that breaks a rule."""

from pkgutil import resolve_name

from tests.distribution.rules import Rule
from tests.distribution.sent import EXCEPTIONS, First, Sent

EVERYTHING = "SELECT count(*) FROM events"


def test_a_statement_is_told_once_with_its_rule_its_sender_and_its_test() -> None:
    sent = Sent()
    sent.add("SELECT tableoid FROM events LIMIT 1")
    sent.add("SELECT tableoid FROM events LIMIT 2")

    (told,) = sent.broken()
    rule, text, first = told.splitlines()
    assert (rule, text) == (Rule.TABLEOID, "    SELECT tableoid FROM events LIMIT 1")
    assert first == (
        "    first sent by tests.distribution.test_sent."
        "test_a_statement_is_told_once_with_its_rule_its_sender_and_its_test in "
        "tests/distribution/test_sent.py::"
        "test_a_statement_is_told_once_with_its_rule_its_sender_and_its_test (call)"
    )


def test_only_tests_and_exceptions_may_ask_about_all_tenants() -> None:
    def rules_broken_by(sender: str) -> int:
        sent = Sent()
        sent.texts[EVERYTHING] = First("a test", sender)
        return len(sent.broken())

    assert rules_broken_by("loaders.counts.read_counts") == 1
    assert rules_broken_by("tests.ingest.test_store") == 0
    assert [rules_broken_by(name) for name in EXCEPTIONS] == [0] * len(EXCEPTIONS)


def test_every_exception_is_a_function_that_exists() -> None:
    for name in EXCEPTIONS:
        if not name.startswith("0006"):  # a migration, which no module imports
            assert callable(resolve_name(name)), name
