import os
import sys
from subprocess import run

from bench.cpu import cpu_seconds

_BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def test_children_that_have_ended_count() -> None:
    before = cpu_seconds(os.getpid())
    run([sys.executable, "-c", _BUSY], check=True)

    assert cpu_seconds(os.getpid()) - before >= 0.29
