# shellcheck shell=bash
# A PostgreSQL server whose every file is in a scratch folder. Sourced after assert.sh.

# postgres_start: it answers on a socket in $POSTGRES, where anybody may connect: `rotator` and
# postgres without a password, all others with theirs.
postgres_start() {
	local programs data=$SCRATCH/postgres
	programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
	[ -n "$programs" ] || skip "postgresql is not installed"
	export POSTGRES=$SCRATCH/postgres-socket
	mkdir "$data" "$POSTGRES"
	chown postgres "$data" "$POSTGRES"
	chmod 0755 "$POSTGRES"
	as_postgres "$programs/initdb" -D "$data" -A trust --no-sync >"$SCRATCH/initdb" 2>&1 ||
		fail "initdb: $(tail -n 3 "$SCRATCH/initdb")"
	printf 'local all postgres trust\nlocal all rotator trust\nlocal all all scram-sha-256\n' \
		>"$data/pg_hba.conf"
	cat >>"$data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$POSTGRES'
		unix_socket_permissions = 0777
		fsync = off
		log_statement = all
	CONF
	as_postgres setsid "$programs/postgres" -D "$data" >"$SCRATCH/postgres-log" 2>&1 \
		</dev/null &
	POSTGRES_PID=$!
	disown
	at_exit postgres_stop
	within 30 postgres_sql 'SELECT 1' || fail "postgres: $(tail -n 3 "$SCRATCH/postgres-log")"
}

as_postgres() { setpriv --reuid postgres --regid postgres --clear-groups "$@"; }

postgres_stop() {
	kill -INT "$POSTGRES_PID" 2>/dev/null
	within 20 eval '! kill -0 $POSTGRES_PID' || kill -9 "$POSTGRES_PID" 2>/dev/null
}

# postgres_sql STATEMENT: as its superuser.
postgres_sql() { psql -XqAt -v ON_ERROR_STOP=1 -h "$POSTGRES" -U postgres -c "$1"; }
