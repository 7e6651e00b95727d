#!/bin/bash
# attribution.sh: attribution against plain SQL over the same rows of the same run.
#
# Expects PGHOST, PGPORT and PGDATABASE to name a server with the extension.  Each
# figure is the best of BENCH_REPEAT runs as a multiple of the baseline of its group:
# of processor time where one process works, so that what else runs on the machine
# counts less, of elapsed time where workers do.  work_mem is the server's default for
# one process, and 256MB for workers.
set -euo pipefail
scale=${BENCH_SCALE:-0.1}
repeat=${BENCH_REPEAT:-3}
rows=$(awk "BEGIN { printf \"%d\", 1000000 * $scale }")
people=$(awk "BEGIN { printf \"%d\", 500000 * $scale }")
kept=$(awk "BEGIN { printf \"%d\", 10000 * $scale + 0.5 }")
run() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

setting="SET search_path = bench, tiktokads, public; SET work_mem = '4MB'; SET jit = off"

# Seconds of processor time of a statement in one process, best of some.
seconds()
{
	local best=999999 now
	for _ in $(seq "$repeat"); do
		now=$(run -c "$setting; SET max_parallel_workers_per_gather = 0; SET client_min_messages = log" \
			-c 'SET log_statement_stats = on' -c "$1" 2>&1 >/dev/null | awk '/ s user, .* elapsed$/ { sub("!", ""); t = $1 + $4 } END { print t }')
		best=$(awk "BEGIN { print ($now < $best) ? $now : $best }")
	done
	echo "$best"
}

# Seconds that a statement takes with so many workers, best of some: elapsed WORKERS STATEMENT
elapsed()
{
	local best=999999 now
	for _ in $(seq "$repeat"); do
		now=$(run -c "$setting; SET max_parallel_workers_per_gather = $1; SET work_mem = '256MB'; SET parallel_leader_participation = off; SET parallel_setup_cost = 0;
				SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0" -c '\timing on' -c '\o /dev/null' -c "$2" |
			sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | tail -1)
		best=$(awk "BEGIN { print ($now < $best) ? $now : $best }")
	done
	awk "BEGIN { print $best / 1000 }"
}

# line NAME SECONDS BASELINE [NOTE]
line() { awk -v n="$1" -v s="$2" -v b="$3" -v note="${4:-}" 'BEGIN { printf "%-44s %8.2f x baseline  (%.3f s)%s\n", n, s / b, s, note }'; }

# workers NAME SECONDS-OF-ONE SECONDS-OF-TWO
workers() { awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN { printf "%-44s %8.2f x one worker\n", n, a / b }'; }

echo "-- $rows path rows, one process; baseline: SELECT sum(conversions)"
run <<SQL
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
SELECT setseed(0.5);
CREATE TABLE bench.distinct_row AS
SELECT (SELECT string_agg('channel_' || (1 + floor(random() * 12))::int, ' > ') FROM generate_series(1, 5 + (i % 4)) WHERE i > 0) AS path,
	(random() < 0.1)::int::float8 AS conversions, round((random() * 100)::numeric, 2)::float8 * (random() < 0.1)::int AS value,
	(random() < 0.9)::int::float8 AS nulls
FROM generate_series(1, $rows) AS i;
CREATE TABLE bench.repeated_row AS
SELECT p.path::tiktokads.journey AS path, d.conversions, d.value, d.nulls
FROM (SELECT *, (row_number() OVER ()) % $kept AS k FROM bench.distinct_row) AS d
	JOIN (SELECT path, row_number() OVER () - 1 AS k FROM bench.distinct_row LIMIT $kept) AS p USING (k);
ALTER TABLE bench.distinct_row ALTER path TYPE tiktokads.journey USING path::tiktokads.journey;
VACUUM ANALYZE bench.distinct_row;
VACUUM ANALYZE bench.repeated_row;
SQL
for table in repeated_row distinct_row; do
	base=$(seconds "SELECT sum(conversions) FROM $table")
	echo "$table: $(run -c "SELECT count(DISTINCT path) FROM bench.$table") distinct paths, baseline $base s"
	s=$(seconds "SELECT attribute('first', path, conversions, value, nulls), attribute('last', path, conversions, value, nulls), attribute('linear', path, conversions, value, nulls) FROM $table")
	line 'first, last and linear' "$s" "$base" "$(awk "BEGIN { printf \", %.1f million row-models a second\", 3 * $rows / $s / 1e6 }")"
	for order in 1 2 3 4; do
		s=$(seconds "SELECT attribute('markov', path, conversions, value, nulls, '{\"order\": $order}') FROM $table")
		line "markov, order $order" "$s" "$base"
	done
	for model in shapley incremental; do
		line "$model" "$(seconds "SELECT attribute('$model', path, conversions, value, nulls) FROM $table")" "$base"
	done
	line 'choose_order up to 4' "$(seconds "SELECT choose_order(path, conversions, nulls, 4) FROM $table")" "$base"
done

query="SELECT $(for model in first last linear position markov shapley; do printf "attribute('%s', path, conversions, value, nulls), " $model; done) count(*) FROM repeated_row"
plain='SELECT sum(conversions), sum(value), sum(nulls), stddev(conversions), stddev(value), stddev(nulls) FROM repeated_row'
workers 'two workers over plain sums (the machine)' "$(elapsed 1 "$plain")" "$(elapsed 2 "$plain")"
workers 'two workers over aggregated paths' "$(elapsed 1 "$query")" "$(elapsed 2 "$query")"

touches=$((people * 10))
echo "-- $touches touches of $people people; baseline: SELECT sum(campaign_id)"
run <<SQL
SELECT setseed(0.25);
CREATE TABLE bench.touch AS
SELECT 1 + floor(random() * $people)::bigint AS person, timestamptz '2026-01-01' + random() * interval '25 days' AS touch_at,
	1 + floor(random() * 12)::bigint AS campaign_id, 'campaign_' || (1 + floor(random() * 12))::int AS channel
FROM generate_series(1, $touches);
CREATE TABLE bench.sale AS
SELECT person::bigint, timestamptz '2026-01-20' + random() * interval '10 days' AS at, 1::float8 AS conversions, round((random() * 100)::numeric, 2) AS value
FROM generate_series(1, $people, 10) AS person;
VACUUM ANALYZE bench.touch;
VACUUM ANALYZE bench.sale;
SQL
base=$(seconds 'SELECT sum(campaign_id) FROM touch')
plain=$(seconds "SELECT path, count(*) FROM (SELECT person, string_agg(channel, ' > ' ORDER BY touch_at) AS path FROM touch GROUP BY person) AS p GROUP BY path")
agg="SELECT attribute('markov', path, 1, 1, 1) FROM (SELECT person, journey_agg(touch_at, channel) AS path FROM touch GROUP BY person) AS p"
journeys=$(seconds "$agg")
direct=$(seconds "SELECT * FROM attribution_query('markov', 'SELECT person, touch_at, channel FROM touch', 'SELECT person, at, conversions, value FROM sale')")
line 'string_agg(... ORDER BY), grouped' "$plain" "$base"
line 'journey_agg, markov' "$journeys" "$base" ", $(awk "BEGIN { printf \"%.2f\", $plain / $journeys }") x as fast as string_agg"
line 'attribution_query, markov' "$direct" "$base" ", $(awk "BEGIN { printf \"%.2f\", $plain / $direct }") x as fast as string_agg"
workers 'two workers over touches' "$(elapsed 1 "$agg")" "$(elapsed 2 "$agg")"

echo "-- 10,000 channels x 20 successors, order 1"
channels=$(awk "BEGIN { printf \"%d\", 10000 * ($scale > 1 ? 1 : $scale) }")
run <<SQL
CREATE TABLE bench.wide AS
SELECT tiktokads.journey(ARRAY['c' || i, 'c' || 1 + floor(random() * $channels)::int]) AS path, (i % 7 = 0)::int::float8 AS conversions
FROM generate_series(1, $channels) AS i, generate_series(1, 20);
SQL
base=$(seconds 'SELECT sum(conversions) FROM wide')
repeat=1
line "markov over $channels channels" "$(seconds "SELECT attribute('markov', path, conversions, conversions, 1) FROM wide")" "$base"
run -c 'DROP SCHEMA bench CASCADE' 2>/dev/null
