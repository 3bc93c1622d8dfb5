# shellcheck shell=bash
# What .ci/engine, .ci/images and .ci/run ask of a Debian machine. To be sourced.

PATH=$PATH:/usr/sbin:/sbin

install_packages() {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

install_python() {
    if hash python3 2>/dev/null && python3 -c 'import ensurepip, pip, venv' 2>/dev/null; then return; fi
    install_packages python3 python3-pip python3-venv
}

install_chromium() { # a history's SVG is looked at in a real browser
    hash chromium 2>/dev/null || install_packages chromium
}

install_pgbouncer() { # a migration's lock is taken through a real pooler, and past it
    hash pgbouncer 2>/dev/null || install_packages pgbouncer
}

debian_mirror() { # the machine's own source of the Debian archive: apt reads every form of its source files
    local mirror
    # shellcheck disable=SC2016 # apt fills it in
    local query=(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main')
    mirror=$("${query[@]}" | sed -n 1p)
    if [[ -z $mirror ]]; then
        apt-get update -q >&2 # apt knows the origin from the lists, and an image of Debian comes without them
        mirror=$("${query[@]}" | sed -n 1p)
    fi
    [[ -n $mirror ]] || { echo 'apt has no source of the Debian archive' >&2; return 1; }
    echo "$mirror"
}
