# What scripts/run, scripts/test and scripts/check share: steps with a clock, checks of the machine, the
# virtual environment. To be sourced from the root of the repository with "set -euo pipefail".

clock_start=$SECONDS

say() { printf '%s\n' "$@"; }

# step "what happens, with its size": one line with the time since the start.
step() { printf '[%3d s] %s\n' "$((SECONDS - clock_start))" "$*"; }

# stop "what is missing" "the one line to type"
stop() {
    printf '\n%s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'Type this, then start again:\n\n    %s\n\n' "$2" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

find_python() {
    local candidate
    for candidate in ${ANXIN_PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' 2>/dev/null; then
            python=$candidate
            return
        fi
    done
    stop "Python 3.11 or newer is needed; found: $(python3 --version 2>&1 || true)" "sudo apt-get install -y python3 python3-venv"
}

need_venv_module() {
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        stop "Python's venv module is missing." "sudo apt-get install -y python3-venv"
}

may_be_root() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

free_mb() { df -Pm . | awk 'NR == 2 {print $4}'; }

# need_disk MEGABYTES
need_disk() {
    [ "$(free_mb)" -ge "$1" ] ||
        stop "$1 MB of free disk space are needed in $PWD; there are $(free_mb) MB." "du -xhd1 ~ | sort -h | tail"
}

port_is_free() {
    "$python" - "$1" <<'END'
import socket, sys
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        sys.exit(1)
END
}

has_program() {
    local name
    for name in "$@"; do
        ! command -v "$name" >/dev/null || return 0
    done
    return 1
}

install_debian_packages() {
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get install -y -qq --no-install-recommends "$@" </dev/null ||
        { as_root apt-get update -qq </dev/null && as_root apt-get install -y -qq --no-install-recommends "$@" </dev/null; }
}

# without_new_cluster COMMAND…: what it installs makes no PostgreSQL cluster, and so starts no server on the side.
without_new_cluster() {
    local told=/etc/postgresql-common/createcluster.d/anxin-tests.conf status=0
    as_root mkdir -p "${told%/*}"
    printf 'create_main_cluster = false\n' | as_root tee "$told" >/dev/null
    "$@" || status=$?
    as_root rm -f "$told"
    return "$status"
}

interpreter() { "$1" -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null || true; }

# What the packages, or the project's own installation, were made from.
packages_key() { { printf '%s\n' "$PWD"; interpreter "$python"; cat "$1"; } | sha256sum; }
project_key() { { printf '%s\n' ./*/__init__.py; cat pyproject.toml; } | sha256sum; }

is_stamped() { [ "$(cat "$1" 2>/dev/null || true)" = "$2" ]; }

# Of what pip says, the files of 5 MB and more and the beginning of the last step.
large_steps() {
    local line file='^Downloading ([^-]+)-([^-]+)-.*(\(([0-9]+)[.0-9]* MB\))'
    while read -r line; do
        if [[ $line =~ $file && ${BASH_REMATCH[4]} -ge 5 ]]; then
            step "  ${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${BASH_REMATCH[3]}"
        elif [[ $line == Installing* ]]; then
            step "  unpacking"
        fi
    done
}

# install_environment LOCK SIZE: .venv as the lock says, and the project in it, each only if it changed.
install_environment() {
    local lock=$1 size=$2 packages=.venv/anxin-$1.stamp project=.venv/anxin-project.stamp
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
    if is_stamped "$packages" "$(packages_key "$lock")"; then
        step "packages: as in $lock"
    else
        if [ "$(interpreter .venv/bin/python)" != "$(interpreter "$python")" ] ||
            ! .venv/bin/python -c 'import sys; sys.exit(sys.prefix != sys.argv[1])' "$PWD/.venv"; then
            step "new environment .venv"
            "$python" -m venv --clear .venv
        fi
        rm -f "$packages"
        step "packages of $lock ($size), every file checked against its hash"
        .venv/bin/python -m pip install --progress-bar off --require-hashes -r "$lock" </dev/null | large_steps ||
            stop "The packages could not be installed (the lines above say why)."
        packages_key "$lock" >"$packages"
    fi
    if ! is_stamped "$project" "$(project_key)"; then
        step "the project itself, editable"
        .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --no-index --editable . </dev/null
        project_key >"$project"
    fi
}
