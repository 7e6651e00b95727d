# Random journeys, touches and path sets against a twin in Perl that knows the
# definitions only: transforms alone and in chains, the aggregate journey_agg with
# ties, and every model whose answer can be worked out by hand.  ATTRIBUTION_SEED
# gives other journeys.
use strict;
use warnings;
use List::Util qw(max min sum0);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{ATTRIBUTION_SEED} // 20260601;
srand($seed);
note "ATTRIBUTION_SEED=$seed";

my $node = PostgreSQL::Test::Cluster->new('attribution_fuzz');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\njit = off\nextra_float_digits = 3");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tiktokads');

# Channels that must be quoted, or look like what a transform makes; bytes of UTF-8.
my @odd = ('a > b', 'say "x"', ' edge ', '', '[x]', "two\nlines", "\xc3\xa9t\xc3\xa9", 'A(1)', 'A(1)(1)', 'n' x 130, 'eight888', 'seventeen_letters');
my @plain = qw(A B C D);
my @kinds = ('', 'click', 'view', 'engaged_view');
my $epoch = 1767225600 * 1_000_000;    # 2026-01-01 UTC, in microseconds

# One of a list.
sub any { return $_[ int(rand(@_)) ]; }

# A touch: channel, microseconds or undef, kind or ''.
sub random_touch
{
	my ($names, $timed, $kinds, $moments) = @_;
	return [ any(@$names), $timed && rand() < 0.9 ? $epoch + int(rand($moments)) * ($moments < 100 ? 1 : 1_000_003) : undef, $kinds ? any(@kinds) : '' ];
}

# A journey of up to so many touches.
sub random_journey
{
	my ($most) = @_;
	my @names = rand() < 0.4 ? (@plain[ 0, 1 ], any(@odd)) : rand() < 0.5 ? @plain : (@plain, @odd);
	my ($timed, $kinds) = (rand() < 0.5, rand() < 0.5);
	return [ map { random_touch(\@names, $timed, $kinds, 100000) } 1 .. int(rand($most + 1)) ];
}

# A time as the server reads it.
sub time_text
{
	my ($microseconds) = @_;
	my @at = gmtime($microseconds / 1_000_000);
	return sprintf('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', $at[5] + 1900, $at[4] + 1, @at[ 3, 2, 1, 0 ], $microseconds % 1_000_000);
}

# A literal of SQL.
sub literal
{
	my ($text) = @_;
	return 'NULL' unless defined $text;
	$text =~ s/'/''/g;
	return "'$text'";
}

# The text form of a journey, every channel in quotes.
sub journey_text
{
	my ($journey) = @_;
	return join ' > ', map {
		my ($channel, $at, $kind) = @$_;
		my $note = join ' ', (defined $at ? time_text($at) : ()), ($kind ne '' ? $kind : ());
		$channel =~ s/"/""/g;
		"\"$channel\"" . ($note ne '' ? " [$note]" : '');
	} @$journey;
}

# A journey as pg_temp.seen() shows one, by no code that reads or writes the text form.
sub seen
{
	my ($journey) = @_;
	return join ';', map { unpack('H*', $_->[0]) . '/' . ($_->[1] // '') . '/' . $_->[2] } @$journey;
}
my $functions = <<'SQL';
SET search_path = tiktokads, public;
SET TimeZone = 'UTC';
CREATE FUNCTION pg_temp.seen(j journey) RETURNS text LANGUAGE sql AS $$
SELECT coalesce(string_agg(encode(convert_to(t.channel, 'UTF8'), 'hex') || '/' || coalesce(trunc(extract(epoch FROM t.touch_at) * 1000000)::text, '') || '/'
	|| coalesce(t.kind, ''), ';' ORDER BY t.position), '') FROM touches(j) AS t
$$;
CREATE FUNCTION pg_temp.apply(j journey, steps text[]) RETURNS journey LANGUAGE plpgsql AS $$
DECLARE
	step text;
	argument text;
BEGIN
	FOREACH step IN ARRAY steps LOOP
		argument := convert_from(decode(split_part(step, ':', 2), 'hex'), 'UTF8');
		j := CASE split_part(step, ':', 1)
			WHEN 'unique' THEN path_unique(j) WHEN 'plain' THEN path_plain(j) WHEN 'exposure' THEN path_exposure(j)
			WHEN 'first' THEN path_first(j) WHEN 'frequency' THEN path_frequency(j) WHEN 'trim' THEN path_trim_long(j, argument::int)
			WHEN 'not_all' THEN path_remove_if_not_all(j, argument) WHEN 'last' THEN path_remove_if_last_and_not_all(j, argument) END;
	END LOOP;
	RETURN j;
END;
$$;
SQL

# The transforms by their definitions.
my %transform = (
	unique => sub { return @_; },
	plain => sub { return map { [ $_->[0], undef, '' ] } @_; },
	exposure => sub {
		my @journey = @_;
		return map { $journey[$_] } grep { $_ == 0 || $journey[$_][0] ne $journey[ $_ - 1 ][0] } 0 .. $#journey;
	},
	first => sub { my %had; return grep { !$had{ $_->[0] }++ } @_; },
	frequency => sub {
		my (%times, %had);
		$times{ $_->[0] }++ for @_;
		return map { [ "$_->[0]($times{$_->[0]})", $_->[1], $_->[2] ] } grep { !$had{ $_->[0] }++ } @_;
	},
	trim => sub { my ($most, @journey) = @_; splice(@journey, 0, max(0, @journey - $most)); return @journey; },
	not_all => sub { my ($channel, @journey) = @_; my @rest = grep { $_->[0] ne $channel } @journey; return @rest ? @rest : @journey; },
	last => sub {
		my ($channel, @journey) = @_;
		my @rest = @journey;
		pop @rest while @rest && $rest[-1][0] eq $channel;
		return @rest ? @rest : @journey;
	});

# A step of a chain: its name, and its argument if it has one.
sub random_step
{
	my ($journey) = @_;
	my $name = any(sort keys %transform);
	return [ $name, 1 + int(rand(8)) ] if $name eq 'trim';
	return [ $name, rand() < 0.8 && @$journey ? any(@$journey)->[0] : any(@plain, @odd) ] if $name eq 'not_all' || $name eq 'last';
	return [$name];
}

my (@case, %alone);
for my $number (1 .. 4000)
{
	my $journey = random_journey($number % 50 == 0 ? 300 : 12);
	my @steps = map { random_step($journey) } 1 .. ($number <= 2000 ? 1 : 2 + int(rand(3)));
	my @expected = @$journey;
	@expected = $transform{ $_->[0] }->(@$_[ 1 .. $#$_ ], @expected) for @steps;
	$alone{ $steps[0][0] } += seen(\@expected) ne seen($journey) if @steps == 1;
	push @case, '(' . join(', ', $number, literal(journey_text($journey)), literal(seen($journey)),
		'ARRAY[' . join(', ', map { "'$_->[0]:" . unpack('H*', $_->[1] // '') . "'" } @steps) . ']', literal(seen(\@expected))) . ')';
}
ok(!(grep { $_ ne 'unique' && $alone{$_} < 20 } keys %transform), 'random journeys give each transform something to do');
my $answer = $node->safe_psql('postgres', $functions . 'CREATE TEMP TABLE walk AS SELECT i, j::journey, whole, steps, expected FROM (VALUES '
	  . join(",\n", @case) . <<'SQL');
) AS v (i, j, whole, steps, expected);
SELECT 'read', count(*), count(*) FILTER (WHERE pg_temp.seen(j) <> whole), count(*) FILTER (WHERE j::text::journey <> j) FROM walk;
SELECT 'differ', count(*), min(i) FROM walk WHERE pg_temp.seen(pg_temp.apply(j, steps)) IS DISTINCT FROM expected;
SELECT 'compose', count(*) FILTER (WHERE path_exposure(path_exposure(j)) <> path_exposure(j) OR path_first(path_first(j)) <> path_first(j)
		OR path_first(path_exposure(j)) <> path_first(j) OR path_exposure(path_first(j)) <> path_first(j)),
	count(*) FILTER (WHERE path_trim_long(path_trim_long(j, 5), 3) <> path_trim_long(j, 3) OR path_trim_long(path_trim_long(j, 3), 5) <> path_trim_long(j, 3)),
	count(*) FILTER (WHERE path_plain(path_first(j)) <> path_first(path_plain(j)) OR path_plain(path_exposure(j)) <> path_exposure(path_plain(j))
		OR path_plain(path_frequency(j)) <> path_frequency(path_plain(j)) OR path_plain(path_trim_long(j, 4)) <> path_trim_long(path_plain(j), 4)),
	count(*) FILTER (WHERE path_remove_if_not_all(path_remove_if_last_and_not_all(j, 'A'), 'A') <> path_remove_if_not_all(j, 'A')
		OR path_remove_if_last_and_not_all(path_remove_if_not_all(j, 'A'), 'A') <> path_remove_if_not_all(j, 'A')),
	count(*) FILTER (WHERE (path_trim_long(j, 3) || j) <> (path_trim_long(j, 3) || path_unique(j)) OR length(j || j) <> 2 * length(j) OR path_first(j || j) <> path_first(j))
FROM walk;
SQL
my @answer = split /\n/, $answer;
is($answer[0], 'read|4000|0|0', 'journeys read and show as they were written');
is($answer[1], 'differ|0|', 'every transform and every chain of transforms gives what its definition says');
is($answer[2], 'compose|0|0|0|0|0', 'transforms compose');

# Order of touches: time, none first; then channel by its bytes; then kind.
my %kind_order = map { $kinds[$_] => $_ } 0 .. $#kinds;
sub in_order
{
	return sort { (defined $a->[1] ? $a->[1] : -1) <=> (defined $b->[1] ? $b->[1] : -1) || $a->[0] cmp $b->[0] || $kind_order{ $a->[2] } <=> $kind_order{ $b->[2] } } @_;
}
my (@touch, %journey);
for my $person (1 .. 1500)
{
	my @names = $person % 3 ? (@plain, @odd) : (@plain);
	my $moments = any(3, 20, 1000000);
	my @touches = map { random_touch(\@names, 1, $person % 2, $moments) } 1 .. ($person % 100 == 0 ? 200 : 1 + int(rand(40)));
	$journey{$person} = seen([ in_order(@touches) ]);
	push @touch, [ rand(), '(' . join(', ', $person, defined $_->[1] ? literal(time_text($_->[1])) : 'NULL', literal($_->[0]), $_->[2] ne '' ? "'$_->[2]'" : 'NULL') . ')' ] for @touches;
}
my $touches = join ",\n", map { $_->[1] } sort { $a->[0] <=> $b->[0] } @touch;
my $expected = join ",\n", map { "($_, '$journey{$_}')" } sort { $a <=> $b } keys %journey;
$node->safe_psql('postgres', <<"SQL");
CREATE TABLE touch AS SELECT person, at::timestamptz, channel, kind FROM (VALUES $touches) AS v (person, at, channel, kind);
CREATE TABLE expected AS SELECT person, whole FROM (VALUES $expected) AS v (person, whole);
ANALYZE touch;
SQL
for my $plan ([ 'hashing', 'SET enable_sort = off' ], [ 'sorting', 'SET enable_hashagg = off' ],
	[ 'workers', 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2' ])
{
	$answer = $node->safe_psql('postgres', "$functions $plan->[1];" . <<'SQL');
CREATE TEMP TABLE made AS SELECT person, journey_agg(at, channel, kind) AS j FROM touch GROUP BY person;
SELECT count(*), count(*) FILTER (WHERE pg_temp.seen(j) IS DISTINCT FROM whole) FROM made FULL JOIN expected USING (person);
SQL
	is($answer, '1500|0', "journey_agg sorts touches with ties as it should: $plan->[0]");
}

# Twins of the models: each takes the rows of a set (journey, conversions, value,
# nulls) and gives { channel => [conversions, value] }, what no channel has at "-".

# Shares of each path by the weights of its touches.
sub by_path
{
	my ($weights, @row) = @_;
	my %credit;
	for my $row (@row)
	{
		my ($journey, $conversions, $value) = @$row;
		my @weight = @$journey ? $weights->(@$journey) : ();
		my $total = sum0(@weight);
		for my $n (0, 1)
		{
			$credit{'-'}[$n] += $row->[ 1 + $n ] unless @$journey;
			$credit{ $journey->[$_][0] }[$n] += $row->[ 1 + $n ] * $weight[$_] / $total for 0 .. $#weight;
		}
	}
	return \%credit;
}

# Touches of a path without times, as one key; its distinct channels in some order.
sub key { return join ' ', map { '=' . unpack('H*', $_->[0]) } @_; }
sub distinct { my %had; return grep { !$had{$_}++ } map { $_->[0] } @_; }

# A set of channels, as one key.
sub set_key { return join ' ', sort { $a cmp $b } map { '=' . unpack('H*', $_) } @_; }

# One weight at a place, 0 elsewhere.
sub only { my ($at, $count) = @_; return map { $_ == $at ? 1 : 0 } 0 .. $count - 1; }

my %twin = (
	first => sub { my ($o, @row) = @_; return by_path(sub { only(0, scalar @_) }, @row); },
	last => sub { my ($o, @row) = @_; return by_path(sub { only($#_, scalar @_) }, @row); },
	last_non => sub {
		my ($o, @row) = @_;
		return by_path(sub { my @path = @_; my @other = grep { $path[$_][0] ne $o->{channel} } 0 .. $#path; only(@other ? $other[-1] : $#path, scalar @path) }, @row);
	},
	linear => sub { my ($o, @row) = @_; return by_path(sub { map { 1 } @_ }, @row); },
	linear_unique => sub { my ($o, @row) = @_; return by_path(sub { my %had; map { $had{ $_->[0] }++ ? 0 : 1 } @_ }, @row); },
	time_decay => sub {
		my ($o, @row) = @_;
		return by_path(sub {
			my @path = @_;
			my $timed = $o->{half_life_us} && !grep { !defined $_->[1] } @path;
			my $latest = $timed ? max(map { $_->[1] } @path) : 0;
			map { my $age = $timed ? ($latest - $path[$_][1]) / $o->{half_life_us} : ($#path - $_) / ($o->{half_life_touches} // 1); 2**-($o->{whole} ? int($age) : $age) } 0 .. $#path;
		}, @row);
	},
	position => sub {
		my ($o, @row) = @_;
		my @w = @{ $o->{weights} // [ 0.4, 0.2, 0.4 ] };
		return by_path(sub {
			my $n = @_;
			return (1) if $n == 1;
			return $w[0] + $w[2] > 0 ? ($w[0], $w[2]) : (1, 1) if $n == 2;
			return ($w[0], (map { $w[1] / ($n - 2) } 3 .. $n), $w[2]);
		}, @row);
	},
	w_shaped => sub {
		my ($o, @row) = @_;
		my @w = @{ $o->{weights} // [ 0.3, 0.3, 0.3, 0.1 ] };
		return by_path(sub {
			my @path = @_;
			my ($key) = (grep { $path[$_][0] eq $o->{channel} } 0 .. $#path);
			my @role = map { [ $_ == 0 ? 0 : (), defined $key && $_ == $key ? 1 : (), $_ == $#path ? 2 : () ] } 0 .. $#path;
			my $others = grep { !@$_ } @role;
			my @weight = map { @$_ ? sum0(map { $w[$_] } @$_) : $w[3] / $others } @role;
			return sum0(@weight) > 0 ? @weight : map { 1 } @path;
		}, @row);
	},
	custom => sub {
		my ($o, @row) = @_;
		my @w = @{ $o->{weights} };
		return by_path(sub { my @weight = map { $w[ min($_, $#w) ] } 0 .. $#_; sum0(@weight) > 0 ? @weight : map { 1 } @_ }, @row);
	},
	shapley => sub { my ($o, @row) = @_; return shapley($o->{definition} // 'counts', @row); },
	markov => sub { my ($o, @row) = @_; return markov($o->{order} // 1, $o->{nulls} // 1, @row); },
	incremental => sub { my ($o, @row) = @_; return incremental(@row); });

# The four games.  Coalitions are added up one by one, orders of arrival too.
sub permutations { return @_ < 2 ? [@_] : map { my $at = $_; my @rest = @_; my ($one) = splice(@rest, $at, 1); map { [ $one, @$_ ] } permutations(@rest) } 0 .. $#_; }

sub shapley
{
	my ($definition, @row) = @_;
	my (%all, %converted);
	my $label = $definition eq 'leave_one_out' ? sub { key(@_) } : sub { set_key(recent(@_)) };
	for (@row) { $converted{ $label->(@{ $_->[0] }) } += $_->[1]; $all{ $label->(@{ $_->[0] }) } += $_->[1] + $_->[3]; }
	my $rate = sub { my ($key) = @_; return $all{$key} ? $converted{$key} / $all{$key} : 0; };
	return by_path(sub {
		my @path = @_;
		if ($definition eq 'counts' || $definition eq 'ordered')
		{
			# worth of a coalition, of the one path: 1 when it holds all its channels
			my @player = distinct(@path);
			my @share = @player > 5 ? map { 1 } @player : map { 0 } @player;
			for my $order (@player > 5 ? () : permutations(0 .. $#player)) { $share[ $order->[-1] ]++; }
			my %share = map { $player[$_] => $share[$_] } 0 .. $#player;
			return map { delete $share{ $_->[0] } // 0 } @path;
		}
		if ($definition eq 'leave_one_out')
		{
			my @weight = map { my $n = $_; max(0, $rate->(key(@path)) - $rate->(key(@path[ grep { $_ != $n } 0 .. $#path ]))) } 0 .. $#path;
			return sum0(@weight) > 0 ? @weight : only($#path, scalar @path);
		}
		my @player = recent(@path);
		my %share;
		for my $order (permutations(@player))
		{
			my @here;
			for my $player (@$order)
			{
				my $before = @here ? $rate->(set_key(@here)) : 0;
				push @here, $player;
				$share{$player} += $rate->(set_key(@here)) - $before;
			}
		}
		$_ = $_ < 1e-12 ? 0 : $_ for values %share;
		%share = map { $_ => 1 } @player unless sum0(values %share) > 0;
		return map { delete $share{ $_->[0] } // 0 } @path;
	}, @row);
}

# The last four channels of a path.
sub recent { my @recent = distinct(reverse @_); splice(@recent, 4) if @recent > 4; return @recent; }

# Solves a dense system, the right-hand side being the last column.
sub solve
{
	my (@row) = @_;
	my $n = @row;
	for my $c (0 .. $n - 1)
	{
		my ($best) = sort { abs($row[$b][$c]) <=> abs($row[$a][$c]) } $c .. $n - 1;
		@row[ $c, $best ] = @row[ $best, $c ];
		for my $r ($c + 1 .. $n - 1)
		{
			my $factor = $row[$r][$c] / $row[$c][$c] or next;
			$row[$r][$_] -= $factor * $row[$c][$_] for $c .. $n;
		}
	}
	my @x;
	for my $r (reverse 0 .. $n - 1)
	{
		$x[$r] = ($row[$r][$n] - sum0(map { $row[$r][$_] * $x[$_] } $r + 1 .. $n - 1)) / $row[$r][$r];
	}
	return @x;
}

# Totals of a set in proportion to weights of channels.
sub proportional
{
	my ($conversions, $value, @row) = @_;
	my @total = map { my $n = $_; sum0(map { @{ $_->[0] } ? $_->[$n] : 0 } @row) } 1, 2;
	my %credit;
	my @weight = ($conversions, sum0(values %$value) > 1e-12 ? $value : $conversions);
	for my $n (0, 1)
	{
		my $sum = sum0(values %{ $weight[$n] });
		$credit{'-'}[$n] = sum0(map { @{ $_->[0] } ? 0 : $_->[ 1 + $n ] } @row) + ($sum > 1e-12 ? 0 : $total[$n]);
		for (keys %{ $weight[$n] }) { $credit{$_}[$n] = $sum > 1e-12 ? $total[$n] * $weight[$n]{$_} / $sum : 0; }
	}
	return \%credit;
}

# Markov: conversions that are lost when every state with a channel leads nowhere.
sub markov
{
	my ($order, $with_nulls, @row) = @_;
	my (%step, %end, %out, %number, %channel, %walked);
	$walked{ key(@{ $_->[0] }) } += $_->[1] + ($with_nulls ? $_->[3] : 0) for @row;
	for my $row (@row)
	{
		my @path = map { unpack 'H*', $_->[0] } @{ $row->[0] };
		my ($conversions, $value, $nulls) = ($row->[1], $row->[2], $with_nulls ? $row->[3] : 0);
		$channel{$_} = 1 for @path;
		next unless @path;
		my $before = 'start';
		for my $state (@path <= $order ? join('.', '', @path, '') : map { join('.', '', @path[ $_ .. $_ + $order - 1 ], '') } 0 .. @path - $order)
		{
			next if $state eq $before;
			$step{$before}{$state} += $conversions + $nulls;
			$before = $state;
		}
		$end{$before}[0] += $conversions;
		# a path that was never walked has no part in the chain
		$end{$before}[1] += $walked{ key(@{ $row->[0] }) } > 0 ? $value : 0;
		$end{$before}[2] += $nulls;
	}
	for my $from (keys %step) { $out{$from} += $_ for values %{ $step{$from} }; }
	for my $from (keys %end) { $out{$from} += $end{$from}[0] + $end{$from}[2]; }
	my @state = grep { $out{$_} && $out{$_} > 0 } sort keys %out;
	@number{@state} = 0 .. $#state;
	return proportional({}, {}, @row) unless defined $number{start};
	my $worth = sub {
		my ($removed, $n) = @_;
		my @matrix;
		for my $from (@state)
		{
			my @line = (0) x (@state + 1);
			$line[ $number{$from} ] = 1;
			while (my ($to, $weight) = each %{ $step{$from} // {} })
			{
				next if !defined $number{$to} || defined $removed && index($to, ".$removed.") >= 0;
				$line[ $number{$to} ] -= $weight / $out{$from};
			}
			$line[-1] = ($end{$from}[$n] // 0) / $out{$from} if $end{$from} && $end{$from}[0] > 0;
			push @matrix, \@line;
		}
		return (solve(@matrix))[ $number{start} ];
	};
	my @share = map { my $n = $_; my $whole = $worth->(undef, $n); +{ map { pack('H*', $_) => max(0, $whole - $worth->($_, $n)) / ($whole || 1) } keys %channel } } 0, 1;
	return proportional(@share, @row);
}

# Incremental: the penalised logistic fit, by a search that does not look at the likelihood.
sub incremental
{
	my (@row) = @_;
	my @channel = distinct(map { @{ $_->[0] } } @row);
	my %at = map { $channel[$_] => $_ } 0 .. $#channel;
	my @beta = (0) x (@channel + 1);
	my $p = sub { my $score = $beta[-1]; $score += $beta[ $at{$_} ] for @_; return 1 / (1 + exp(-$score)); };
	for my $round (1 .. 60)
	{
		last unless grep { @{ $_->[0] } && $_->[3] > 0 } @row;
		my @line = map { my $i = $_; [ (map { $_ == $i ? 1 : 0 } 0 .. $#beta), -$beta[$i] ] } 0 .. $#beta;
		for my $row (grep { @{ $_->[0] } } @row)
		{
			my @term = ((map { $at{$_} } distinct(@{ $row->[0] })), $#beta);
			my ($all, $probability) = ($row->[1] + $row->[3], $p->(distinct(@{ $row->[0] })));
			for my $i (@term)
			{
				$line[$i][-1] += $row->[1] - $all * $probability;
				$line[$i][$_] += $all * $probability * (1 - $probability) for @term;
			}
		}
		my @move = solve(@line);
		my $far = max(1, map { abs } @move);
		$beta[$_] += $move[$_] / $far for 0 .. $#beta;
	}
	return by_path(sub {
		my @set = distinct(@_);
		my %loss = map { my $one = $_; $one => max(0, $p->(@set) - $p->(grep { $_ ne $one } @set)) } @set;
		%loss = map { $_ => 1 } @set unless sum0(values %loss) > 0;
		return map { delete $loss{ $_->[0] } // 0 } @_;
	}, @row);
}

# What is asked: model, options for the server, options for the twin.
my $day = 86400 * 1_000_000;
my @asked = (
	[ 'first', '{}', {} ], [ 'last', '{}', {} ], [ 'last_non', '{"channel": "A"}', { channel => 'A' } ], [ 'last_non', '{"channel": "nobody"}', { channel => 'nobody' } ],
	[ 'linear', '{}', {} ], [ 'linear_unique', '{}', {} ],
	[ 'time_decay', '{}', { half_life_us => 7 * $day } ], [ 'time_decay', '{"half_life": "2 days", "whole": true}', { half_life_us => 2 * $day, whole => 1 } ],
	[ 'time_decay', '{"half_life": 0.7}', { half_life_touches => 0.7 } ], [ 'time_decay', '{"half_life": "1 second"}', { half_life_us => 1_000_000 } ],
	[ 'position', '{}', {} ], [ 'position', '{"weights": [0, 1, 0]}', { weights => [ 0, 1, 0 ] } ], [ 'position', '{"weights": [1, 0, 3]}', { weights => [ 1, 0, 3 ] } ],
	[ 'position', '{"weights": [0, 5e-324, 0]}', { weights => [ 0, 1, 0 ] } ], [ 'position', '{"weights": [1.5e308, 1.5e308, 1.5e308]}', { weights => [ 1, 1, 1 ] } ],
	[ 'w_shaped', '{"channel": "B"}', { channel => 'B' } ], [ 'w_shaped', '{"channel": "B", "weights": [0, 0, 0, 1]}', { channel => 'B', weights => [ 0, 0, 0, 1 ] } ],
	[ 'custom', '{"weights": [3, 2, 1]}', { weights => [ 3, 2, 1 ] } ], [ 'custom', '{"weights": [0, 0, 1]}', { weights => [ 0, 0, 1 ] } ],
	[ 'custom', '{"weights": [1.7e308]}', { weights => [1] } ],
	(map { [ 'shapley', "{\"definition\": \"$_\"}", { definition => $_ } ] } qw(counts ordered leave_one_out recent_sets)),
	[ 'markov', '{}', {} ], [ 'markov', '{"nulls": false}', { nulls => 0 } ], [ 'markov', '{"order": 2}', { order => 2 } ], [ 'markov', '{"order": 3, "nulls": false}', { order => 3, nulls => 0 } ],
	[ 'incremental', '{}', {} ]);

# Sets of rows; NULL numbers, zeros, ties in time, journeys of no touches and NULL ones.
my (@set, @row);
for my $number (0 .. 79)
{
	my @names = $number % 4 ? @plain[ 0 .. int(rand(4)) ] : (@plain, any(@odd), 'E');
	my ($timed, $moments, @rows) = ($number % 3, any(3, 12));
	for (1 .. 1 + int(rand(14)))
	{
		my @journey = map { [ any(@names), $timed == 1 || $timed == 2 && rand() < 0.7 ? $epoch + int(rand($moments)) * int($day / 2) : undef, '' ] } 1 .. int(rand(7));
		@journey = in_order(@journey) if rand() < 0.8;
		my @number = ($number % 10 == 9 ? any(undef, 0) : any(undef, 0, 1, 1, 2, 0.5, rand(3)), any(undef, 0, 10, rand(100)), $number % 7 == 6 ? 0 : any(undef, 0, 1, 5, rand(4)));
		push @row, '(' . join(', ', $number, rand() < 0.05 && !@journey ? 'NULL' : literal(journey_text(\@journey)), map { $_ // 'NULL' } @number) . ')';
		push @rows, [ \@journey, map { $_ // 0 } @number ];
	}
	push @set, \@rows;
}
my $asked = join ', ', map { "($_, '$asked[$_][0]', '$asked[$_][1]'::jsonb)" } 0 .. $#asked;
$answer = $node->safe_psql('postgres', "SET search_path = tiktokads, public; CREATE TEMP TABLE path AS SELECT s, j::journey, c::float8, v::float8, n::float8 FROM (VALUES "
	  . join(",\n", @row) . ") AS v (s, j, c, v, n);
	SELECT a.m, p.s, coalesce(encode(convert_to(c.channel, 'UTF8'), 'hex'), '-'), c.conversions, c.value FROM (VALUES $asked) AS a (m, model, options)
		CROSS JOIN LATERAL (SELECT s, attribute(a.model, j, c, v, n, a.options) AS credit FROM path GROUP BY s) AS p CROSS JOIN LATERAL unnest(p.credit) AS c");
my %given;
for (split /\n/, $answer)
{
	my ($model, $set, $channel, @credit) = split /\|/;
	$given{$model}{$set}{ $channel eq '-' ? '-' : "=" . pack('H*', $channel) } = \@credit;
}
for my $m (0 .. $#asked)
{
	my ($model, $options, $own) = @{ $asked[$m] };
	my @wrong;
	for my $s (0 .. $#set)
	{
		my $twin = $twin{$model}->($own, @{ $set[$s] });
		my %twin = map { $_ eq '-' ? ('-' => $twin->{$_}) : ("=$_" => $twin->{$_}) } keys %$twin;
		for my $n (0, 1)
		{
			my $all = sum0(map { $_->[ 1 + $n ] } @{ $set[$s] });
			my %channel = map { $_ => 1 } keys %twin, keys %{ $given{$m}{$s} };
			push @wrong, "set $s: " . join(', ', map { "$_ " . ($given{$m}{$s}{$_}[$n] // 0) . ' for ' . ($twin{$_}[$n] // 0) } sort keys %channel)
			  if grep { abs(($given{$m}{$s}{$_}[$n] // 0) - ($twin{$_}[$n] // 0)) > 1e-9 * $all } keys %channel;
		}
	}
	is(scalar @wrong, 0, "$model $options gives what its definition says") or diag(join "\n", @wrong[ 0 .. min(3, $#wrong) ]);
}

$node->stop;
done_testing();
