#!/usr/bin/env bash
# Keeps the contract of the official postgres image, so that what works with this image works with that one.
set -Eeuo pipefail

fail() {
    printf 'Error: %s\n' "$1" >&2
    shift
    if (($#)); then printf '       %s\n' "$@" >&2; fi
    exit 1
}

setting() { # NAME [DEFAULT]: take NAME from the environment or from the file that NAME_FILE names
    local name=$1 file=$1_FILE value=${2-}
    if [[ -n ${!name-} && -n ${!file-} ]]; then
        fail "both $name and $file are set (but are exclusive)"
    elif [[ -n ${!name-} ]]; then
        value=${!name}
    elif [[ -n ${!file-} ]]; then
        value=$(<"${!file}")
    fi
    export "$name=$value"
    unset "$file"
}

wants_server() { # postgres, and not only its help or version
    [[ $1 == postgres ]] || return 1
    local argument
    for argument; do
        case $argument in -'?' | --help | --describe-config | -V | --version) return 1 ;; esac
    done
}

prepare_directories() {
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA" 2>/dev/null || true
    if ((EUID == 0)); then
        find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
    fi
}

refuse_without_password() {
    [[ -n $POSTGRES_PASSWORD || $POSTGRES_HOST_AUTH_METHOD == trust ]] || fail \
        'Database is uninitialized and superuser password is not specified.' \
        'Set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) to a non-empty value,' \
        'for example "-e POSTGRES_PASSWORD=password" on "docker run". To let everybody in' \
        'without a password (not recommended), set POSTGRES_HOST_AUTH_METHOD=trust.'
}

refuse_old_layout() { # since 18 the volume is the parent directory, and data of another major may be in it
    [[ $PGDATA == "/var/lib/postgresql/$PG_MAJOR/docker" ]] || return 0
    local directory found=()
    for directory in /var/lib/postgresql /var/lib/postgresql/data /var/lib/postgresql/*/docker; do
        if [[ -s $directory/PG_VERSION ]]; then found+=("$directory"); fi
    done
    if ((${#found[@]} == 0)) && grep -q ' /var/lib/postgresql/data ' /proc/self/mountinfo; then
        found=('/var/lib/postgresql/data (unused mount/volume)')
    fi
    ((${#found[@]} == 0)) || fail \
        'in 18+, these Docker images keep the data in a directory named by the major version;' \
        'mount the volume at /var/lib/postgresql, not below it.' \
        'There appears to be PostgreSQL data or a mount in:' "${found[@]/#/  }"
}

initialise_directory() {
    local more=()
    eval "more=($POSTGRES_INITDB_ARGS)" # quotes inside POSTGRES_INITDB_ARGS count, as in the official image
    initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${more[@]}"
    printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}" >>"$PGDATA/pg_hba.conf"
}

init_psql() { # only the temporary server is meant, whatever the environment says
    PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc "$@"
}

temporary_server() { # start|stop [server arguments]: on the unix socket only, so that no client comes too early
    local action=$1
    shift
    if [[ $action == start ]]; then
        set -- "$@" -c listen_addresses='' -p "${PGPORT:-5432}"
        PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@")" -w start
    else
        PGUSER=${PGUSER:-postgres} pg_ctl -D "$PGDATA" -m fast -w stop
    fi
}

create_database() {
    local exists
    exists=$(init_psql --dbname postgres -v name="$POSTGRES_DB" --tuples-only \
        <<<"SELECT 1 FROM pg_database WHERE datname = :'name';")
    if [[ -z $exists ]]; then
        init_psql --dbname postgres -v name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
    fi
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sh)
                if [[ -x $file ]]; then
                    echo "$0: running $file"
                    "$file"
                else
                    echo "$0: sourcing $file"
                    # shellcheck disable=SC1090
                    . "$file"
                fi
                ;;
            *.sql)
                echo "$0: running $file"
                init_psql --dbname "$POSTGRES_DB" -f "$file"
                ;;
            *.sql.gz)
                echo "$0: running $file"
                gunzip -c "$file" | init_psql --dbname "$POSTGRES_DB"
                ;;
            *) echo "$0: ignoring $file" ;;
        esac
    done
}

initialise() { # [server arguments]
    refuse_without_password
    refuse_old_layout
    initialise_directory "$@"
    export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
    temporary_server start "$@"
    create_database
    run_init_files
    temporary_server stop
    unset PGPASSWORD
    printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

if [[ ${1-} == -* ]]; then set -- postgres "$@"; fi
if wants_server "${1-}" "${@:2}"; then
    prepare_directories
    if ((EUID == 0)); then exec gosu postgres "$0" "$@"; fi
    if [[ -s $PGDATA/PG_VERSION ]]; then
        printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
    else
        setting POSTGRES_PASSWORD
        setting POSTGRES_USER postgres
        setting POSTGRES_DB "$POSTGRES_USER"
        setting POSTGRES_INITDB_ARGS
        : "${POSTGRES_HOST_AUTH_METHOD:=}"
        shopt -s nullglob
        initialise "${@:2}"
    fi
fi
exec "$@"
