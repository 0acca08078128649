#!/bin/sh
# Makes the virtual environment, or says in one line what is missing and how to get it.
# usage: setup.sh PYTHON_OR_EMPTY VENV
set -u
wanted="$1"
venv="$2"

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; }

python=""
for candidate in $wanted python3.11 python3 python; do
    if is_311 "$candidate"; then python="$candidate"; break; fi
done
if [ -z "$python" ]; then
    found=$(python3 --version 2>/dev/null || echo "no python3")
    echo "plafond needs Python 3.11 (Blender's module exists for no other) and found $found: install it (Debian 12: apt-get install python3.11 python3.11-venv; elsewhere: uv python install 3.11) and run make PYTHON=/path/to/python3.11 again" >&2
    exit 2
fi
if ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
    echo "plafond needs Python's venv module, which $python lacks: apt-get install python3.11-venv" >&2
    exit 2
fi

[ -x "$venv/bin/python" ] && is_311 "$venv/bin/python" || "$python" -m venv --clear "$venv" || exit 1
echo "installing plafond's packages into $venv (Blender and PyTorch among them: about 1 GB)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --progress-bar on -e ".[dev]" || {
    echo "the packages could not be installed: see the lines above; a network connection to the Python package index is needed" >&2
    exit 1
}
"$venv/bin/python" -m render.libraries || exit 2
touch "$venv/installed"
