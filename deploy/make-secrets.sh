#!/bin/sh
# Makes the folder secrets/ for docker-compose.yml: passwords, and the files that hold them. What is there stays, so it
# can be run again after an upgrade. POSTGRES_PASSWORD keeps the password of a database that exists already.
set -eu
folder="${1:-secrets}"
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# A password stays the same for good.
password() {
  if [ ! -s "$1" ]; then
    printf '%s\n' "${2:-$(random)}" > "$1.new"
    mv "$1.new" "$1"
  fi
  cat "$1"
}

# As it stands in an address: other letters than these mean something there.
in_address() {
  case "$1" in
    *[!A-Za-z0-9._~-]*) printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g' ;;
    *) printf '%s' "$1" ;;
  esac
}

# Containers read these as users of their own, so the files are open, and the folder is not.
write() {
  rm -f "$1"
  cat > "$1"
  chmod 444 "$1"
}

# A password that is not taken would be missed only when nothing gets into the database.
if [ -n "${POSTGRES_PASSWORD:-}" ] && [ -s postgres_password ] && [ "$(cat postgres_password)" != "$POSTGRES_PASSWORD" ]; then
  echo "$folder/postgres_password holds another password than POSTGRES_PASSWORD. Delete that file if POSTGRES_PASSWORD is the one that the database has" >&2
  exit 1
fi

postgres=$(password postgres_password "${POSTGRES_PASSWORD:-}")
redis=$(password redis_password)
replica=$(password redis_replica_password)
watcher=$(password redis_sentinel_password)
sentinel=$(password sentinel_password)
flower=$(password flower_password)
password grafana_password > /dev/null
chmod 444 postgres_password grafana_password
login="newsgate:$(in_address "$postgres")"

echo "postgresql+psycopg://$login@postgres:5432/newsgate" | write database_url
echo "postgresql+psycopg://$login@pgbouncer:6432/newsgate" | write database_url_pgbouncer
echo "redis://newsgate:$redis@redis:6379/0" | write broker_url
echo "sentinel://newsgate:$redis@sentinel:26379/0?master_name=newsgate&sentinel_password=$sentinel" |
  write broker_url_sentinel
echo "redis://flower:$flower@redis:6379/0" | write flower_broker_url
echo "admin:$flower" | write flower_login
printf '"newsgate" "%s"\n' "$(printf '%s' "$postgres" | sed 's/"/""/g')" | write pgbouncer_users

# docs/security.md has the line of newsgate. Nobody can do anything without a password but ask whether it answers.
write redis_users << END
user default off
user health on nopass resetkeys resetchannels -@all +ping
user newsgate on >$redis resetkeys ~newsgate.* ~_kombu.* ~unacked* &* -@all +@read +@write +@connection +@transaction +@pubsub -@dangerous +info +eval +evalsha +script|load
user replica on >$replica resetkeys resetchannels -@all +psync +replconf +ping
user sentinel on >$watcher resetkeys &* -@all +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname +client|kill +script|kill
user flower on >$flower resetkeys ~newsgate.* ~_kombu.* ~celeryev* ~*.reply.celery.pidbox* ~unacked* &* -@all +@read +@write +@connection +@transaction +@pubsub -@dangerous +info +eval +evalsha +script|load
END
write redis_conf << END
masteruser replica
masterauth $replica
END
write sentinel_conf << END
dir /tmp
requirepass $sentinel
sentinel sentinel-pass $sentinel
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel monitor newsgate redis 6379 2
sentinel auth-user newsgate sentinel
sentinel auth-pass newsgate $watcher
sentinel down-after-milliseconds newsgate 5000
sentinel failover-timeout newsgate 30000
END

# For trying out. Put the files of a real certificate in their place.
if [ ! -s web_certificate ]; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 825 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout web_key -out web_certificate 2> /dev/null ||
    echo "openssl is missing: put a certificate and its key into $folder/web_certificate and web_key for the page" >&2
  touch web_certificate web_key
  chmod 444 web_certificate web_key
fi
echo "$folder is ready. Keep it: without it nobody gets into the database." >&2
