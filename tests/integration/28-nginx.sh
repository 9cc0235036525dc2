#!/usr/bin/env bash
# Goal: nginx serves TLS from a bundle of certificate and key in a hardened container; both are
# rotated again and again under clients that connect all the time. The reload is the grant's hook.
# Every handshake has a matching pair, no connection fails, and each pair comes to be served.
. "$(dirname "$0")/../support/assert.sh"
. "$SUPPORT/engine.sh"
. "$SUPPORT/agent.sh"
. "$SUPPORT/image.sh"

rotations=${ROTATIONS:-100}
clients=3
command -v nginx >/dev/null || skip "nginx is not installed"
command -v openssl >/dev/null || skip "openssl is not installed"
engine_start
image_make nginx "$(command -v nginx)"
agent_new a "engine $TACIT_DOCKER_SOCKET" 'hook_debounce 100'
agent_start
web=container/$RUN_ID-web

pair() { # N: a certificate whose name is its number, and its key
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
		-subj "/CN=pair-$1" -keyout "$SCRATCH/key" -out "$SCRATCH/cert" 2>/dev/null ||
		fail "openssl makes no certificate"
}
pair 0
t secret create tls/ cert="$SCRATCH/cert" key="$SCRATCH/key" >/dev/null
t grant add tls/ "$web" --on-rotate signal:HUP >/dev/null

mkdir "$SCRATCH/conf" "$SCRATCH/socket"
chmod 0777 "$SCRATCH/socket"
cat >"$SCRATCH/conf/nginx.conf" <<-CONF
	daemon off;
	worker_processes 2;
	pid /tmp/nginx.pid;
	error_log stderr notice;
	events { worker_connections 64; }
	http {
		access_log off;
		client_body_temp_path /tmp/body;
		proxy_temp_path /tmp/proxy;
		fastcgi_temp_path /tmp/fastcgi;
		uwsgi_temp_path /tmp/uwsgi;
		scgi_temp_path /tmp/scgi;
		server {
			listen unix:/socket/https ssl;
			ssl_certificate /run/secrets/tls/cert;
			ssl_certificate_key /run/secrets/tls/key;
			location / { return 200 "served\n"; }
		}
	}
CONF
TACIT_IMAGE=$IMAGE container web -d -v "$SCRATCH/conf:/conf:ro" -v "$SCRATCH/socket:/socket" \
	-v "$(mount_of)/$web:/run/secrets:ro" -- nginx -e stderr -c /conf/nginx.conf >/dev/null

# connect: the name of the certificate that was served, after a whole handshake and an answer.
connect() {
	curl -sSk --max-time 20 -w '%{certs}' --unix-socket "$SCRATCH/socket/https" https://web/ |
		sed -n 's/^Subject:CN = //p'
}
serves() { [ "$(connect)" = "$1" ]; }
within 20 serves pair-0 || fail "nginx: $(docker logs "$RUN_ID-web" 2>&1 | tail -n 5)"
master=$(process_in web 'nginx: master')

client() {
	local name
	until [ -e "$SCRATCH/enough" ]; do
		name=$(connect 2>>"$SCRATCH/errors-$1") || name=failed
		echo "${name:-failed}"
	done >"$SCRATCH/client-$1"
}
for ((i = 0; i < clients; i++)); do client $i & done
at_exit 'touch "$SCRATCH/enough"; wait'
for ((n = 1; n <= rotations; n++)); do
	pair "$n"
	t secret rotate tls/ cert="$SCRATCH/cert" key="$SCRATCH/key" >/dev/null ||
		fail "rotation $n"
	within 30 serves "pair-$n" || fail "pair $n is not served: $(t grant ls --json |
		jq -c '.[].hook'); $(docker logs "$RUN_ID-web" 2>&1 | tail -n 3)"
done
touch "$SCRATCH/enough"
wait

cat "$SCRATCH"/client-* >"$SCRATCH/connections"
connections=$(wc -l <"$SCRATCH/connections")
equal "connections that failed" 0 "$(awk '!/^pair-[0-9]+$/' "$SCRATCH/connections" | wc -l)"
at_least "connections" "$rotations" "$connections"
at_least "pairs that clients saw" $((rotations / 2)) \
	"$(sort -u "$SCRATCH/connections" | wc -l)"
unlike "what nginx said" 'mismatch|emerg|\[error\]' "$(docker logs "$RUN_ID-web" 2>&1)"
equal "its main process" "$master" "$(process_in web 'nginx: master')"
equal "its restarts" 0 "$(docker inspect -f '{{.RestartCount}}' "$RUN_ID-web")"
reloads=$(docker logs "$RUN_ID-web" 2>&1 | grep -c 'signal 1 (SIGHUP) received')
at_least "reloads" "$rotations" "$reloads"
within 20 eval '[ "$(t grant ls --json | jq -r ".[].hook.state" | sort -u)" = idle ]' ||
	fail "the hook: $(t grant ls --json | jq -c '.[].hook')"
say "certificate and key rotated $rotations times: $connections connections of $clients clients," \
	"0 failed; $(sort -u "$SCRATCH/connections" | wc -l) pairs served, $reloads reloads by the" \
	"hook, one main process"
