#!/bin/sh
# Initialises PostgreSQL at the first start and then becomes it. The interface is the official
# image's: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB (each also as NAME_FILE),
# POSTGRES_INITDB_ARGS, POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA,
# /docker-entrypoint-initdb.d, and arguments for the server.
set -eu

template=/usr/local/share/postgresql-template
sockets=/var/run/postgresql

# value NAME DEFAULT: $NAME, or what the file named by $NAME_FILE holds.
value() {
    eval "plain=\${$1:-} file=\${$1_FILE:-}"
    if [ -n "$plain" ] && [ -n "$file" ]; then
        echo "error: both $1 and $1_FILE are set" >&2
        exit 1
    fi
    [ -z "$file" ] || plain=$(cat "$file")
    printf '%s' "${plain:-$2}"
}

as_postgres() {
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
}

# A cluster made when the image is built, for servers that ask for nothing special.
make_template() {
    mkdir -p "$template" "$PGDATA" "$sockets"
    chmod 3777 "$sockets"
    chown postgres:postgres "$template" "$PGDATA" "$sockets" /var/lib/postgresql
    chmod 700 "$template"
    setpriv --reuid=postgres --regid=postgres --init-groups -- \
        initdb --pgdata="$template" --username=postgres --auth=trust --no-sync >/dev/null
}

create_cluster() {
    if [ "$user" = postgres ] && [ -z "${POSTGRES_INITDB_ARGS:-}${POSTGRES_INITDB_WALDIR:-}" ] &&
        [ -d "$template/base" ]; then
        cp -a "$template/." "$PGDATA"
        [ -z "$password" ] || set_password
    else
        set -- --pgdata="$PGDATA" --username="$user" --auth=trust --no-sync
        [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || set -- "$@" --waldir="$POSTGRES_INITDB_WALDIR"
        # shellcheck disable=SC2086 # they are several words
        initdb "$@" ${POSTGRES_INITDB_ARGS:-}
        [ -z "$password" ] || set_password
    fi
    printf "listen_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
    {
        printf 'local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all ::1/128 trust\n'
        printf 'local replication all trust\nhost all all all %s\n' "$method"
    } >"$PGDATA/pg_hba.conf"
}

# Single-user mode needs no server yet: 0.1 s instead of a start and a stop. A statement ends with
# its line there, so a password of several lines is none.
set_password() {
    quoted=$(printf '%s' "$password" | sed "s/'/''/g")
    name=$(printf '%s' "$user" | sed 's/"/""/g')
    printf 'SET standard_conforming_strings = on;\nALTER USER "%s" PASSWORD '"'%s'"';\n' \
        "$name" "$quoted" | postgres --single -D "$PGDATA" postgres >/dev/null
}

run_script() {
    case $1 in
        *.sh) if [ -x "$1" ]; then "$1"; else . "$1"; fi ;;
        *.sql) psql_init --dbname "$database" -f "$1" ;;
        *.sql.gz) gzip -dc "$1" | psql_init --dbname "$database" ;;
        *.sql.xz) xz -dc "$1" | psql_init --dbname "$database" ;;
        *) echo "ignoring $1" ;;
    esac
}

psql_init() { psql -v ON_ERROR_STOP=1 --no-psqlrc --host="$sockets" --username "$user" "$@"; }

# A server that only this script can reach, for the database and the init folder.
initialise() {
    scripts=$(find /docker-entrypoint-initdb.d -mindepth 1 -maxdepth 1 2>/dev/null | head -n 1)
    [ "$database" != postgres ] || [ -n "$scripts" ] || return 0
    shift
    pg_ctl -D "$PGDATA" -w start -o "$(arguments "$@")" >/dev/null
    if [ "$database" != postgres ]; then
        psql_init --dbname postgres --set name="$database" <<'SQL'
CREATE DATABASE :"name";
SQL
    fi
    export POSTGRES_USER="$user" POSTGRES_DB="$database"
    for file in /docker-entrypoint-initdb.d/*; do
        [ ! -e "$file" ] || run_script "$file"
    done
    pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
}

# The server's arguments as one string for pg_ctl, and no TCP port yet.
arguments() {
    for word in "$@" -c "listen_addresses=" -c "unix_socket_directories=$sockets" -p 5432; do
        printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
    done
}

first_start() {
    user=$(value POSTGRES_USER postgres)
    database=$(value POSTGRES_DB "$user")
    password=$(value POSTGRES_PASSWORD '')
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$password" ] && [ "$method" != trust ]; then
        echo "error: give the superuser a password with -e POSTGRES_PASSWORD=..., or let" \
            "everybody in with -e POSTGRES_HOST_AUTH_METHOD=trust" >&2
        exit 1
    fi
    create_cluster
    initialise "$@"
    unset password
    echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1:-}" = --make-template ]; then
    make_template
    exit
fi
case ${1:-postgres} in -*) set -- postgres "$@" ;; esac
[ "${1:-}" = postgres ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" "$sockets"
    chown postgres:postgres "$PGDATA" "$sockets"
    chmod 700 "$PGDATA"
    as_postgres "$@"
fi
[ -s "$PGDATA/PG_VERSION" ] || first_start "$@"
exec "$@"
