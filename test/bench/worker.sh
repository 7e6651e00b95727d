# Workers against the limit of the database, the limit of the API, and nothing to
# do at all.  In a server of its own, because workers must be preloaded.
. "$(dirname "$0")/../lib.sh"
work=$BENCH_DIR bindir=$BENCH_BINDIR
ads=$(perl -e 'print int(10000 * $ENV{BENCH_SCALE})')
clock=$((1773576000 - $(date +%s)))

# One line of one query.
value()
{
	PGOPTIONS='-c client_min_messages=warning' psql -XAtq -v ON_ERROR_STOP=1 -c "$1"
}

# Starts the server with so many workers: begin WORKERS [setting ...].
begin()
{
	local workers=$1
	shift
	server_start worker "port = 5433" "shared_preload_libraries = 'tiktokads'" "tiktokads.databases = 'postgres'" \
		"tiktokads.max_workers = $workers" "tiktokads.clock_offset = $clock" "shared_buffers = '1GB'" "max_wal_size = '16GB'" \
		"checkpoint_timeout = '1h'" "autovacuum = off" "tiktokads.secret_directory = '$work'" "max_worker_processes = 16" "$@"
	export PGPORT=5433
	value 'CREATE EXTENSION tiktokads'
}

# Stops and removes the server and the simulator.
end()
{
	[ -z "${simulator:-}" ] || kill "$simulator" 2>/dev/null || true
	simulator=
	server_stop worker
	rm -rf "$work/worker"
}
trap end EXIT

# Starts a simulator: simulate TIER OPTION ...; leaves $port and $connect.
simulate()
{
	local tier=$1
	shift
	rm -f "$work/port"
	"$TIKTOK_SIMULATOR" --port-file "$work/port" --tier "$tier" --now '2026-03-15 12:00:00' --no-gzip "$@" >/dev/null 2>&1 &
	simulator=$!
	until [ -s "$work/port" ]; do sleep 0.05; done
	port=$(cat "$work/port")
	connect="CALL tiktokads.connect('bench', access_token_file => '$work/token', app_id => '7100000000000000001',
		app_secret_file => '$work/secret', base_url => 'http://127.0.0.1:$port/open_api/v1.3/', tier => '$tier')"
}

# Waits until a query says t.
until_true()
{
	until [ "$(psql -XAtq -c "$1" 2>/dev/null)" = t ]; do sleep 0.1; done
}
settled="SELECT NOT EXISTS (SELECT FROM tiktokads.sync_task) AND EXISTS (SELECT FROM tiktokads.sync_history)"

# Rows a second of first loads of every stream by one and by two workers, and of the plain INSERT of daily ads.
for workers in 1 2; do
	simulate unlimited --advertisers 4 --ads "$ads" --days 60 --dense --threads 1
	begin $workers
	value "$connect"
	until_true "$settled"
	rate=$(value "SELECT round(sum(rows_received) / extract(epoch FROM max(finished_at) - min(started_at))) FROM tiktokads.sync_history")
	if [ $workers = 1 ]; then
		base=$(psql -XAtq <<-'SQL'
			CREATE TEMP TABLE page AS SELECT * FROM tiktokads.report_ad_daily;
			CREATE TABLE plain (LIKE tiktokads.report_ad_daily INCLUDING ALL);
			SELECT clock_timestamp() AS before \gset
			INSERT INTO plain SELECT * FROM page ON CONFLICT (advertiser_id, ad_id, stat_date) DO UPDATE SET spend = EXCLUDED.spend;
			SELECT round(count(*) / extract(epoch FROM clock_timestamp() - :'before')) FROM plain;
		SQL
		)
		echo "plain INSERT of daily reports of ads: $base rows/s (one process, no network)"
	fi
	perl -e 'printf "%d worker%s: %d rows/s, %.2f of the plain INSERT\n", $ARGV[0], $ARGV[0] > 1 ? "s" : "", $ARGV[1], $ARGV[1] / $ARGV[2]' "$workers" "$rate" "$base"
	end
done

# Four workers in two databases on one app.
simulate basic --advertisers 2 --ads 100 --days 40
begin 4 "tiktokads.databases = 'postgres, second'"
value "CREATE DATABASE second"
PGDATABASE=second value "CREATE EXTENSION tiktokads"
for database in postgres second; do
	PGDATABASE=$database value "$connect"
	PGDATABASE=$database value "INSERT INTO tiktokads.stream_override (stream, page_size) VALUES ('report_ad_daily', 5)"
	PGDATABASE=$database value "CALL tiktokads.sync_now(stream => 'report_ad_daily')"
done
sleep 3
curl -s "http://127.0.0.1:$port/control?reset_stats" >/dev/null
seconds=$(perl -e 'print $ENV{BENCH_SCALE} < 1 ? 75 : 150')
sleep "$seconds"
curl -s "http://127.0.0.1:$port/control?stats" | perl -MJSON::PP -e '
	my ($e) = grep { $_->{path} =~ /report/ } @{ decode_json(join "", <STDIN>)->{endpoints} };
	printf "4 workers, 2 databases, 1 app, %d s: at most %d of 10 in any rolling second, %d of 600 in any minute, %d refused, %.1f %% of the limit used\n",
		$ARGV[0], $e->{max_per_second}, $e->{max_per_minute}, $e->{throttled} // 0, 100 * $e->{requests} / (10 * $ARGV[0])' "$seconds"
end

# Twenty databases of which one is used, with nothing due.
simulate unlimited --advertisers 1 --ads 20 --days 30
names=$(seq -s ', ' -f 'idle%g' 19)
begin 4 "tiktokads.databases = 'postgres, $names'" "tiktokads.idle_exit = '1s'"
for n in $(seq 19); do value "CREATE DATABASE idle$n"; done
value "$connect"
until_true "$settled"
echo "from commit of connect() to the first claimed slice: $(value "SELECT round(1000 * extract(epoch FROM min(h.started_at) - c.connected_at)) FROM tiktokads.sync_history AS h, tiktokads.connection AS c GROUP BY c.connected_at") ms"
until_true "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'tiktokads worker'"
launcher=$(value "SELECT pid FROM pg_stat_activity WHERE backend_type = 'tiktokads launcher'")
count()
{
	awk '/^voluntary/ { print $2 }' "/proc/$launcher/status"
	awk '{ print $14 + $15 }' "/proc/$launcher/stat"
}
before=$(count)
sleep 60
after=$(count)
perl -e 'printf "20 databases, one used, nothing due: %d wake-ups and %.2f s of CPU an hour\n", 60 * ($ARGV[2] - $ARGV[0]), 0.6 * ($ARGV[3] - $ARGV[1])' $before $after

# From kill -9 to the next claimed slice.
curl -s "http://127.0.0.1:$port/control?fault=stall&path=ad/get/&count=1" >/dev/null
value "CALL tiktokads.sync_now(stream => 'ad')"
until_true "SELECT count(*) > 0 FROM tiktokads.sync_progress"
pid=$(value "SELECT pid FROM tiktokads.sync_progress LIMIT 1")
killed=$(date +%s.%N)
kill -9 "$pid"
until_true "$settled"
echo "from kill -9 of a worker to the next claimed slice: $(value "SELECT round(1000 * (extract(epoch FROM max(started_at)) - $killed)) FROM tiktokads.sync_history") ms (the server recovers in between)"
