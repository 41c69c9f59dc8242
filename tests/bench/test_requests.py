"""What requests take is measured of every tree alike, and compared round by round."""

import os
import subprocess
import sys
from time import process_time

import pytest

from bench.cpu import cpu_seconds
from bench.requests import DAYS, FIGURES, PUBLICATIONS, QUERIES, Case, Taken, events, table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what another process has used")


def test_the_cpu_of_a_process_is_told_with_that_of_its_children() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "while True: pass"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as child:
        while cpu_seconds(child.pid) < 0.1:
            pass
        both = cpu_seconds(os.getpid())
        child.kill()

    assert both >= 0.1
    assert both <= process_time() + cpu_seconds(os.getpid())


def test_a_row_has_the_median_of_each_tree_and_the_median_of_the_ratios() -> None:
    first = [Taken(0.010, 0.0), Taken(0.020, 0.0), Taken(0.040, 0.0)]
    second = [Taken(0.005, 0.0), Taken(0.020, 0.0), Taken(0.060, 0.0)]
    taken = {
        Case(tree, figures, query): values
        for tree, values in enumerate((first, second))
        for figures in FIGURES
        for query in QUERIES
    }

    rows = list(table("SQLite", taken))

    assert rows[0] == "| SQLite | cold | dashboard | 20.00 ms | 20.00 ms | 1.000 |"
    assert len(rows) == 6


def test_the_database_of_postgresql_is_shown_beside_the_server_and_counts_in_the_ratio() -> None:
    taken = {
        Case(tree, figures, query): [Taken(0.010, database)]
        for tree, database in enumerate((0.010, 0.020))
        for figures in FIGURES
        for query in QUERIES
    }

    row = next(table("PostgreSQL", taken))

    assert row == "| PostgreSQL | cold | dashboard | 10.00 ms + 10.00 ms | 10.00 ms + 20.00 ms | 1.500 |"


def test_one_publication_has_views_on_each_day_of_three_years() -> None:
    publications = [f"publication {number}" for number in range(PUBLICATIONS)]
    rows = [row for row in events(publications) if row[1] == "VIEW"]

    assert len({at for publication, _, at, *_ in rows if publication == publications[0]}) == DAYS
    assert {publication for publication, *_ in rows} == set(publications)
