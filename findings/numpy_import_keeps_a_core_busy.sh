#!/usr/bin/env bash
# NumPy 2.4.6 (wheel with OpenBLAS 0.3): after `import numpy` on a machine with two cores, a thread that waits for products of
# matrices spins for a tenth of a second before it sleeps, although nobody has multiplied anything. Expected: to load the library
# takes nothing once it is loaded. So a program that uses NumPy only to count, in many short processes, pays that in each, beside
# what the import itself takes. OPENBLAS_NUM_THREADS=1 has to be in the environment before the import. Seen: whether the process
# used more than 30 ms of CPU in the second after the import, in which it slept, and how many threads it has, with 2 and with 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: numpy==2.4.6 2> "$folder/log" ||
    { cat "$folder/log" >&2; exit 1; }
seen=""
for threads in 2 1; do
    seen+=$(OPENBLAS_NUM_THREADS=$threads "$folder/venv/bin/python" -W error - <<'PYTHON'
import os
import time

import numpy

loaded = time.process_time()
time.sleep(1)
used = time.process_time() - loaded
spins = "more than 30 ms" if used > 0.03 else "less"
print(numpy.__version__, f"{len(os.listdir('/proc/self/task'))} threads, {spins}", sep=": ")
PYTHON
)$'\n'
done
printf '%s' "$seen"
[ "$seen" = $'2.4.6: 2 threads, more than 30 ms\n2.4.6: 1 threads, less\n' ] || { echo "This has changed." >&2; exit 1; }
