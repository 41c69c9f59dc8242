#!/usr/bin/env bash
# GNU strip 2.40 (Debian 12) on the wheel of numpy 2.4.6: the OpenBLAS library beside numpy cannot be loaded any more after
# `strip --strip-unneeded`, because strip moves the segments that were added when the wheel was made. Expected: it is only
# smaller. Seen: "ELF load command address/offset not page-aligned". numpy's own modules can be stripped.
# Needs x86-64 Linux, Python 3.11 and binutils.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.4.6

numpy_says() {
    env/bin/python -c 'import numpy' 2>&1 | grep -o 'not page-aligned' | head -1 || true
}
find env -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
seen="modules stripped: $(numpy_says)"
find env -path '*.libs/*' -name '*.so*' -exec strip --strip-unneeded {} +
seen="$seen
libraries stripped: $(numpy_says)"
echo "$seen"
wanted="modules stripped: 
libraries stripped: not page-aligned"
[ "$seen" = "$wanted" ] || { echo "This has changed." >&2; exit 1; }
