# Sourced by the other scripts: makes .venv if it is missing, installs this project with the extras named in $1
# (such as "test"), again only when pyproject.toml has changed. All that it prints goes to standard error.

set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/.venv

find_python() {
    for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "sseprobe: no Python 3.11 or newer was found. Install one, or name it: PYTHON=/path/to/python $0" >&2
    exit 2
}

install() (
    extras=$1
    stamp=$venv/.installed-${extras:-base}
    wanted=$(cksum <"$root/pyproject.toml")
    if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        python=$(find_python)
        echo "sseprobe: making .venv with $python" >&2
        "$python" -m venv --clear "$venv" >&2 || {
            echo "sseprobe: .venv could not be made. On Debian and Ubuntu: apt install python3-venv" >&2
            exit 2
        }
    fi
    echo "sseprobe: installing, which takes a minute the first time" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --editable "$root${extras:+[$extras]}" >&2 || {
        echo "sseprobe: installing failed; the lines above say why. Is the package index reachable?" >&2
        exit 2
    }
    echo "$wanted" >"$stamp"
)
