#!/bin/bash
# Funnels of four steps over events of people, as ratios to a plain aggregate over
# the same rows in the same run: processor time for one process, time on the wall
# for workers.  Sides of a ratio take turns, the best of three turns counts.  Where python3 has the package chdb, ClickHouse runs beside it.
set -euo pipefail

events=$(awk "BEGIN { printf \"%d\", 10000000 * $BENCH_SCALE }")
people=$(awk "BEGIN { printf \"%d\", 100000 * $BENCH_SCALE }")
one_process="SET max_parallel_workers_per_gather = 0"
settings="SET work_mem = '2GB'; SET jit = off; SET enable_sort = off"
steps="name = 'view', name = 'cart', name = 'checkout', name = 'pay'"
step_kinds="kind = 1, kind = 2, kind = 3, kind = 4"
step_names="{view,cart,checkout,pay}"

# Runs a statement in a session of its own; prints the processor time of its backend
# in milliseconds and, in the line after it, the time on the wall: run STATEMENT [SETTINGS]
run()
{
	psql -XAtq -v ON_ERROR_STOP=1 <<SQL | awk '/^cpu/ { n++; t[n] = ($2 + $3) * 10 } /^Time:/ { w = $2 } END { print t[2] - t[1]; print w }'
$settings; ${2:-$one_process};
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
\\! echo cpu \$(cut -d" " -f14,15 /proc/\$BACKEND/stat)
\\timing on
$1;
\\timing off
\\! echo cpu \$(cut -d" " -f14,15 /proc/\$BACKEND/stat)
SQL
}

# Lets two statements take turns; leaves the best of each in $first and $second:
# take_turns cpu|wall STATEMENT STATEMENT [SETTINGS [SETTINGS]]
take_turns()
{
	local turn a b line=1
	[ "$1" = cpu ] || line=2
	first= second=
	for turn in 1 2 3; do
		a=$(run "$2" "${4:-}" | sed -n ${line}p)
		b=$(run "$3" "${5:-${4:-}}" | sed -n ${line}p)
		first=$(printf '%s\n' $first $a | sort -g | head -1)
		second=$(printf '%s\n' $second $b | sort -g | head -1)
	done
}

# A line of the table: report NAME RATIO WANTED
report()
{
	printf '%-80s %6.2f  (%s)\n' "$1" "$2" "$3"
}

psql -Xq -o /dev/null <<SQL
SELECT setseed(0.42);
CREATE TABLE funnel_rows AS
SELECT person, at, kind, (ARRAY['view', 'cart', 'checkout', 'pay', 'scroll', 'search', 'refund'])[kind] AS name
FROM (SELECT (random() * $people)::int AS person, timestamptz '2024-01-01 00:00+00' + random() * interval '30 days' AS at,
		(ARRAY[1, 1, 1, 5, 6, 2, 2, 3, 4, 7])[1 + floor(random() * 10)::int] AS kind
	FROM generate_series(1, $events)) AS e;
CREATE TABLE funnel_ordered AS SELECT * FROM funnel_rows ORDER BY person, at;
CREATE TABLE funnel_arrival AS SELECT * FROM funnel_rows ORDER BY at;
DROP TABLE funnel_rows;
ALTER TABLE funnel_arrival SET (parallel_workers = 2);
ALTER TABLE funnel_ordered SET (parallel_workers = 2);
VACUUM ANALYZE funnel_ordered;
VACUUM ANALYZE funnel_arrival;
SQL
echo "$events events of $people people, four steps; ratios"

for order in ordered arrival; do
	baseline="SELECT sum(c), min(a), max(b) FROM (SELECT count(*) AS c, min(at) AS a, max(at) AS b FROM funnel_$order GROUP BY person) AS g"
	take_turns cpu "$baseline" "SELECT sum(l) FROM (SELECT tiktokads.window_funnel('1 day', '', at, $step_kinds) AS l FROM funnel_$order GROUP BY person) AS g"
	report "window_funnel default, rows by $order, steps by number, to count, min, max" "$(awk "BEGIN { print $second / $first }")" "at most 2.0"
	for mode in '' strict_order strict_once; do
		take_turns cpu "$baseline" "SELECT sum(l) FROM (SELECT tiktokads.window_funnel('1 day', '$mode', at, $steps) AS l FROM funnel_$order GROUP BY person) AS g"
		report "window_funnel ${mode:-default}, rows by $order, steps by name, to count, min, max" "$(awk "BEGIN { print $second / $first }")" \
			"$([ -z "$mode" ] && echo at most 2.0 || echo for information)"
	done
	take_turns cpu "$baseline" "SELECT sum(l) FROM (SELECT tiktokads.sequence_count('(?1).*(?2).*(?3)', at, $steps) AS l FROM funnel_$order GROUP BY person) AS g"
	report "sequence_count, rows by $order, to count, min, max" "$(awk "BEGIN { print $second / $first }")" "for information"
	take_turns cpu "$baseline" "SELECT sum(people) FROM tiktokads.funnel_levels('funnel_$order', 'person', 'at', '$step_names', '1 day')"
	report "funnel_levels, rows by $order, to count, min, max" "$(awk "BEGIN { print $second / $first }")" "for information"
	levels_ms=$second
done

workers="SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET parallel_leader_participation = off; SET max_parallel_workers_per_gather"
for order in ordered arrival; do
	query="SELECT sum(l) FROM (SELECT tiktokads.window_funnel('1 day', '', at, $steps) AS l FROM funnel_$order GROUP BY person) AS g"
	take_turns wall "$query" "$query" "$one_process" "$workers = 2"
	report "window_funnel, rows by $order: one process to two workers" "$(awk "BEGIN { print $first / $second }")" "at least 1.7"
done

# memory: the peak of a backend that has one person with all events, less that of one that has done nothing
peak()
{
	psql -XAtq <<SQL | sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p'
$settings; $one_process;
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
$1;
\\! cat /proc/\$BACKEND/status
SQL
}
scan=$(peak "SELECT count(*) FROM funnel_arrival")
whole=$(peak "SELECT tiktokads.window_funnel('1 day', 'strict_order', at, $steps) FROM funnel_arrival")
printf '%-80s %6.1f  (%s)\n' "bytes of memory for each event of one person with all of them" \
	"$(awk "BEGIN { print ($whole - $scan) * 1024 / $events }")" "at most 16, and as much again while it grows"

if python3 -c 'import chdb' 2>/dev/null; then
	psql -XAtq -c "COPY (SELECT person, extract(epoch FROM at)::bigint, name FROM funnel_arrival) TO STDOUT (FORMAT csv)" >"$BENCH_DIR/funnel.csv"
	clickhouse_ms=$(python3 - "$BENCH_DIR/funnel.csv" <<'PYTHON'
import sys
import time
from chdb import session

run = session.Session()
run.query("CREATE TABLE e (person UInt32, at UInt32, name LowCardinality(String)) ENGINE = MergeTree ORDER BY tuple()")
run.query("INSERT INTO e SELECT * FROM file('%s', CSV, 'person UInt32, at UInt32, name String')" % sys.argv[1])
best = None
for turn in range(3):
    began = time.process_time()
    run.query("SELECT level, count() FROM (SELECT windowFunnel(86400)(at, name = 'view', name = 'cart', name = 'checkout', name = 'pay') AS level"
              " FROM e GROUP BY person) GROUP BY level SETTINGS max_threads = 1")
    took = (time.process_time() - began) * 1000
    best = took if best is None else min(best, took)
print(best)
PYTHON
	)
	report "funnel_levels, rows by arrival, to ClickHouse on one thread" "$(awk "BEGIN { print $levels_ms / $clickhouse_ms }")" "at most 6"
fi
psql -Xq -c "DROP TABLE funnel_ordered, funnel_arrival"
