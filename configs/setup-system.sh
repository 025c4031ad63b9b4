#!/usr/bin/env bash
# Installs what a target needs beside Python packages, from configs/system-packages.
#
#   configs/setup-system.sh venv PYTHON    the modules with which PYTHON makes environments
#   configs/setup-system.sh test           what the tests drive: sshd, a browser, fonts, ip
#
# As root on a Debian system it installs what is missing. Anyone else gets one line that names
# the packages, and exit code 3. Nothing is downloaded when nothing is missing.
set -euo pipefail

readonly exit_usage=2 exit_missing=3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# dpkg refuses to work without the system folders, and a bare environment may lack them.
export PATH="$PATH:/usr/sbin:/sbin"

missing_packages() {
    local need=$1 package files needed_by file found
    while read -r package files needed_by; do
        [[ -z $package || $package == \#* || $needed_by != "$need" ]] && continue
        found=no
        for file in ${files//,/ }; do
            [[ -e $file ]] && found=yes
        done
        [[ $found == yes ]] || printf '%s\n' "$package"
    done <"$here/system-packages"
}

install_packages() {
    if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
        printf 'setup: missing %s: install them as root (Debian: apt-get install %s)\n' \
            "$*" "$*" >&2
        return "$exit_missing"
    fi
    printf 'setup: installing %s\n' "$*" >&2
    apt-get update -qq ||
        printf 'setup: the package lists could not be refreshed, trying those at hand\n' >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=300 "$@" >/dev/null
}

# Debian's python3-venv serves the default interpreter alone; every other has its own package.
venv_package() {
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if [[ $version == "$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" ]]; then
        printf 'python3-venv\n'
    else
        printf 'python%s-venv\n' "$version"
    fi
}

case ${1:-} in
venv)
    python=${2:?setup: name the Python interpreter}
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_packages "$(venv_package "$python")"
    fi
    ;;
test)
    mapfile -t packages < <(missing_packages test)
    if ((${#packages[@]})); then
        install_packages "${packages[@]}"
    fi
    ;;
*)
    printf 'usage: %s venv PYTHON | test\n' "$0" >&2
    exit "$exit_usage"
    ;;
esac
