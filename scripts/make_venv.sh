#!/bin/sh
# Make a virtual environment from a Python that the lock supports: sh scripts/make_venv.sh FOLDER
# PYTHON=/path/to/python names one; otherwise the first suitable one on the PATH is taken.
set -eu
folder=$1

suitable() {
    # Not every name that is found runs (version managers leave shims), and Debian ships Python without ensurepip.
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.12 python3.13 python3 python; do
    if suitable "$candidate"; then
        echo "Making $folder with $("$candidate" --version) …"
        rm -rf "$folder"
        exec "$candidate" -m venv "$folder"
    fi
done

cat >&2 <<'MESSAGE'
Found no Python 3.11, 3.12 or 3.13 with venv.
  Debian, Ubuntu:  apt install python3 python3-venv     (the version must be 3.11 to 3.13)
  macOS:           brew install python@3.11
Or name one: make demo PYTHON=/path/to/python3.11
MESSAGE
exit 1
