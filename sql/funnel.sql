-- window_funnel, sequence_match, sequence_count, sequence_events and retention
SET timezone = 'UTC';

-- random people of our own and what ClickHouse 26 answers for them: windows 6 and 30, nine modes, four funnels
CREATE TABLE person (uid int GENERATED ALWAYS AS IDENTITY, events text, level text);
INSERT INTO person (events, level) VALUES
	('b33 c5 b8 d25 x12 b19 d2 b7 x6', '000200020002000100020002000100020002000200020002000100020002000100020002'),
	('d12 d8 d15 d8 b9 x7 c0 c10 c7 d8 d2', '000300020003000200020002000200030002000300020003000200020002000200030002'),
	('c6', '000000000000000000000000000000000000000000000000000000000000000000000000'),
	('c1 a5 x2 c10 d0 b1 c2 x22 a16 c9 b7', '333333323333331233133332331133333313333333323333331233233332331133333323'),
	('c26', '000000000000000000000000000000000000000000000000000000000000000000000000'),
	('x12', '000000000000000000000000000000000000000000000000000000000000000000000000'),
	('x39 d4 x10 b9 a10 c8 b7 a0 c11', '112311221121111211131121111111211113333333321121331233231121111113213323'),
	('a32 d1 d9 b20 a7 d24 c23 b5 c2 d12', '112311221122111211121122111111221112343334321122341234231122111114223423'),
	('x6 b16 c18 a29 x38 c20 a12 d39 x29 b9 c6', '333333323333331233133332331233333313343333323333341234233332331233333423'),
	('d3 c16 d17 b4 d30 c1 x40 a26 c1', '112211221122111111111122111111221111112311221123111211121122111211231112'),
	('d28 x8 b0 x5 d15 x20', '000200020002000100010002000100020001000200020002000100010002000100020001'),
	('x6 d8 x32 b27 c9 x35 x4 b8', '000300020003000200020002000200030002000300020003000200020002000200030002'),
	('d6 c6 a8 b33 x21 a19 a0 d31 b9', '223322231121221222121121111112212212223322231121221222321121111112212232'),
	('d8 b12 x28 b6 c8 d6', '000300020002000200020002000100020002000300020002000200020002000100020002'),
	('x3 b15 a38 d10', '112211221122111111111122111111221111112211221122111111111122111111221111'),
	('x16 x31 a0 c5 x36 a22 c33 d21', '112311231123111211121123111211231112112311231123111211221123111211231122'),
	('d5 d11 x2 x20 x27', '000000000000000000000000000000000000000000000000000000000000000000000000'),
	('c19 b20 b15', '000300020003000200020002000200030002000300020003000200020002000200030002'),
	('d11 c31 b11 x7 b7', '000200020002000100020002000100020002000300020002000200030002000100020003'),
	('a5 a3 c13 x9 b11 a11 c2 a21 d29 d36 a4', '333333221121111233331121111111212222343334221121111234331121111111213433'),
	('d34 a0 c11 d5 c12 x12', '112111211121111111111121111111211111112311231121111211131121111111211113'),
	('a9 b10 b5 d29 b12 a1 a1 x5 a7', '223222221121221122321121111111212232223222221121221122321121111111212232'),
	('c12 d6 x31 c11 b7 d11 d1 x8', '000300020002000200030002000100020003000300020002000200030002000100020003'),
	('d7 b30 a9 c0 c4 x13 x23', '112211221121111111111121111111211111223222321121221122121121111111212212'),
	('x12 x14 d39 a4 c11 b37 b9 c4 a9', '333333231133111233331123111133332222343333231133221234331123111133333323'),
	('a2 d11 d35 b36 c33 c12 d11 d9', '112211221121111111111121111111211111112311231121111211121121111111211112'),
	('c3', '000000000000000000000000000000000000000000000000000000000000000000000000'),
	('x1 c0 d11 a1 c7 x20 b15', '112311231123111211121123111211231112223322331123221222121123111212232212'),
	('c10 c32 a31 a4 a23 x22 b12 x11 c2', '112311231123111211121123111211231112333333331123331233231123111211233323'),
	('a12 x33 c2 x19 x29 a12', '112111211121111111211121111111211111112111211121111111211121111111211111'),
	('d19 x6 a0 d36 d2 b8 a2 a19', '223222221121221122221121111111212222223222221121221122321121111111212232'),
	('x2 d3 d12 b11 c4 x6', '000200020002000100010002000100020001000200020002000100010002000100020001'),
	('x7 a1 d7 b10 a28 c8 b8 c2 c40 b9', '112311231123111211121123111211231112333333331123221333231123111211232223'),
	('b1 b29 a12', '112211221122111111111122111111221111223222322232221122122232221122322212'),
	('a23 x7 d2 x13 c4 d8', '112111211121111111111121111111211111112111211121111111111121111111211111'),
	('d6 b20 x9', '000200020002000100010002000100020001000200020002000100010002000100020001'),
	('b3 b34 x30 a2 b3 c5 x1', '333322323333331233132232331233333313333322323333331233132232331233333313'),
	('b7 d7', '000200020002000100010002000100020001000200020002000100010002000100020001'),
	('b4 c0 b7 d7 x7 d8 c12 x0 x10 a33 a16', '112311221122111211121122111111221112112311221122111211231122111111221123'),
	('x3 a4 a4 a2 x1', '112111211121111111211121111111211121112111211121111111211121111111211121'),
	('x31 a5 x7 a2 a11 a25 d22 d11 c0 x9', '112111211121111111211121111111211121112111211121111111211121111111211121'),
	('d2 d8 a13 d1 b0 a21 b7 d6 x0', '112211221122111111111122111111221111112211221122111111221122111111221122'),
	('b38 c6 b15', '000200020002000100010002000100020001000200020002000100020002000100020002'),
	('b2 c32 c8 d29', '000300020003000200020002000200030002000300020003000200030002000200030003'),
	('b8 b7 a37 x0 c23 x8 x0 b5 d32', '112211221122111111121122111111221112112311221122111211131122111111221113'),
	('c15 d11 x7 b11 b1 c22 x24 a11 c1', '333333323233111233133232111133331112333333323233111233133232111133331113'),
	('c30 c40 a0', '112111211121111111111121111111211111112311231123111211121123111211231112'),
	('c33 a40 d3 x32 x25 a11 b17 d24 x15 c7 d38', '223222321121221122121121111111212212343334321121341234231121111111213423');
CREATE TABLE event AS
SELECT uid, left(e, 1) AS event, substr(e, 2)::bigint AS ts FROM person, unnest(string_to_array(events, ' ')) AS e;

-- the reference's levels, over integers
SELECT count(*) AS people, count(*) FILTER (WHERE p.level <> g.level) AS differ
FROM person AS p JOIN (
	SELECT uid, (tiktokads.window_funnel(6, '', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, '', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, '', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, '', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_deduplication', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_deduplication', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_deduplication', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_deduplication', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_order', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_order', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_increase', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_increase', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_increase', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_increase', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_once', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_once', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_once', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_once', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_deduplication', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_deduplication', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_deduplication', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_deduplication', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_increase', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_increase', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_increase', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,strict_increase', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,allow_reentry', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,allow_reentry', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,allow_reentry', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_order,allow_reentry', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_once,strict_increase', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(6, 'strict_once,strict_increase', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(6, 'strict_once,strict_increase', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(6, 'strict_once,strict_increase', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, '', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, '', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, '', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, '', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_deduplication', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_deduplication', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_deduplication', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_deduplication', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_order', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_order', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_increase', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_increase', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_increase', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_increase', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_once', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_once', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_once', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_once', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_deduplication', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_deduplication', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_deduplication', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_deduplication', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_increase', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_increase', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_increase', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,strict_increase', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,allow_reentry', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,allow_reentry', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,allow_reentry', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_order,allow_reentry', ts, event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_once,strict_increase', ts, event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel(30, 'strict_once,strict_increase', ts, event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel(30, 'strict_once,strict_increase', ts, event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel(30, 'strict_once,strict_increase', ts, event in ('a','b'),event in ('b','c'),event='c'))::text AS level
	FROM event GROUP BY uid) AS g USING (uid);

-- the reference's levels, over timestamptz
SELECT count(*) AS people, count(*) FILTER (WHERE p.level <> g.level) AS differ
FROM person AS p JOIN (
	SELECT uid, (tiktokads.window_funnel('6 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamptz 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text AS level
	FROM event GROUP BY uid) AS g USING (uid);

-- the reference's levels, over timestamp
SELECT count(*) AS people, count(*) FILTER (WHERE p.level <> g.level) AS differ
FROM person AS p JOIN (
	SELECT uid, (tiktokads.window_funnel('6 seconds', '', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', '', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', '', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', '', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('6 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', '', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_increase', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_deduplication', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,strict_increase', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_order,allow_reentry', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='b',event='c',event='d'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event='a',event='a',event='b'))::text ||
		(tiktokads.window_funnel('30 seconds', 'strict_once,strict_increase', timestamp 'epoch' + ts * interval '1 second', event in ('a','b'),event in ('b','c'),event='c'))::text AS level
	FROM event GROUP BY uid) AS g USING (uid);

-- sequences without ties, likewise: match and count for ten patterns, and the events of three
CREATE TABLE walker (uid int GENERATED ALWAYS AS IDENTITY, events text, found text, steps text);
INSERT INTO walker (events, found, steps) VALUES
	('b17 a18 c40 c27 x19 a24 c7 b34 c43 b42 a14 c2', '11121111110011111111', '14 17 | 14 17 27 | 14 17'),
	('c6 a10 x23 c33 c8 b0 c17 c41 c7 a35 c26', '00000000000000110000', '10 | 10 | 10'),
	('b5 x8 b30 b4 a36 c6 a11 x34 b42 x22 c39 b31', '11121100120000001100', '11 30 | 11 30 39 | 11'),
	('b7 c4 c27 a26 x44 c40 a30 b34 c11', '11111111111100111100', '26 34 | 26 34 40 | 30 34'),
	('c23 b3 c22 a41', '00000000000000000000', '41 | 41 | 41'),
	('x1 c2 b5 a27 x44 c26 a3 c34 b37 b16 a23', '11121111120000000011', '3 5 | 3 5 26 | 3 5'),
	('c18 c38 a14', '00000000000000110000', '14 | 14 | 14'),
	('b10 a36 b25 c24 x2 c15 a20 x14', '00110011000000000000', '20 25 | 20 25 | 20 25'),
	('a39 x13 b11 x15 b20 b18', '00000000000000000000', '39 | 39 | 39'),
	('b36 x21 b35 b30 c9 b16 a3 b38 c1 x40 b17 b15', '00110000110000000000', '3 15 | 3 15 | 3'),
	('c29 b26', '00000000000000000000', ' |  | '),
	('a11 a1 c31 a27 b21 a5', '11111100110011000011', '1 21 | 1 21 31 | 1'),
	('c27 x16 a20 c37 a9 x14 b35 c44 a15 x12 c34 b22', '11111111111111111111', '9 22 | 9 22 27 | 20 22'),
	('x13 c42 b26 c21 x4 b7 b37 a28 b18 a43 b25', '11111100111100111100', '28 37 | 28 37 42 | 28'),
	('x32 a25 c11 x28 x16 a3', '00000000000000000000', '3 | 3 | 3'),
	('x5 a37 c9 c39', '00000000000000000000', '37 | 37 | 37'),
	('a26 c1 x12 c9 a30 a37 b17 a31', '00000000000012000011', '26 | 26 | 26'),
	('b44 c40 c34 c37 a2 c13 b24 b33 b14 x9 c42 a26', '11121100121100111100', '2 14 | 2 14 34 | 2'),
	('c26 b44 c38 b22 a19 x15 b24 b28 b41 b35 c29', '11111111110000001100', '19 22 | 19 22 26 | 19 22'),
	('x1 a23 a31 c9 b33 b42 b25 a16 x28 c34', '12121112121111111111', '16 25 | 16 25 34 | 23 25'),
	('b6 b39 b0 c17 b7 c21 b8 x24 c18', '00000000000000000000', ' |  | '),
	('c41 b2 b4 b28 a6 a30 a34 b17 a33', '11111100110011110011', '6 17 | 6 17 41 | 6'),
	('x42 b44 a17 x18 c37 b27 x0 a29 b41 b19 b10 b33', '12121112121100111100', '17 19 | 17 19 37 | 17 19'),
	('c2 a39 c11 a10 c26 c15 a0', '00000000000000110011', '0 | 0 | 0'),
	('a35 b36 c25 x39 x38 a9 c23 c4', '11110011110000110000', '9 36 | 9 36 | 35 36'),
	('c14 b34 c42 b26 c23 x0 a36 x9', '00000000000000000000', '36 | 36 | 36'),
	('b1 c19 a2 c35 a16 b33 b36 c5', '00111100110000001100', '2 33 | 2 33 35 | 2'),
	('c30 b32 b2 a6 c3', '00110000110000000000', '6 32 | 6 32 | 6'),
	('a15 b0 b25 b7 x22', '11110000110000000000', '15 25 | 15 25 | 15'),
	('a34 c41 c10', '00000000000000000000', '34 | 34 | 34'),
	('c22 a4', '00000000000000000000', '4 | 4 | 4'),
	('b15 a1 a42 c37 a40 x36', '11111100111111110011', '1 15 | 1 15 37 | 1');
CREATE TABLE walk AS
SELECT uid, left(e, 1) AS event, substr(e, 2)::bigint AS ts FROM walker, unnest(string_to_array(events, ' ')) AS e;

-- over integers
SELECT count(*) AS people, count(*) FILTER (WHERE p.found <> g.found) AS differ, count(*) FILTER (WHERE p.steps <> g.steps) AS steps_differ
FROM walker AS p JOIN (
	SELECT uid, tiktokads.sequence_match('(?1)(?2)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?2)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?2)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?2)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?2).*(?3)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?2).*(?3)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t<=5)(?2)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t<=5)(?2)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t>5)(?2)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t>5)(?2)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?2)(?3)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?2)(?3)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?1)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?1)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).(?3)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).(?3)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t>=2)(?2)(?t<10)(?3)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t>=2)(?2)(?t<10)(?3)', ts, event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?1).*(?1)', ts, event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?1).*(?1)', ts, event = 'a', event = 'b', event = 'c') AS found,
		array_to_string(tiktokads.sequence_events('(?1).*(?2)', ts, event = 'a', event = 'b', event = 'c'), ' ') || ' | ' ||
		array_to_string(tiktokads.sequence_events('(?1).*(?2).*(?3)', ts, event = 'a', event = 'b', event = 'c'), ' ') || ' | ' ||
		array_to_string(tiktokads.sequence_events('(?1)(?t<=5)(?2)', ts, event = 'a', event = 'b', event = 'c'), ' ') AS steps
	FROM walk GROUP BY uid) AS g USING (uid);

-- over timestamptz
SELECT count(*) AS people, count(*) FILTER (WHERE p.found <> g.found) AS differ
FROM walker AS p JOIN (
	SELECT uid, tiktokads.sequence_match('(?1)(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?2).*(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?2).*(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t<=5)(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t<=5)(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t>5)(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t>5)(?2)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?2)(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?2)(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?1)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?1)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t>=2)(?2)(?t<10)(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t>=2)(?2)(?t<10)(?3)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?1).*(?1)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?1).*(?1)', timestamptz 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') AS found
	FROM walk GROUP BY uid) AS g USING (uid);

-- over timestamp
SELECT count(*) AS people, count(*) FILTER (WHERE p.found <> g.found) AS differ
FROM walker AS p JOIN (
	SELECT uid, tiktokads.sequence_match('(?1)(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?2).*(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?2).*(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t<=5)(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t<=5)(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t>5)(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t>5)(?2)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?2)(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?2)(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?1)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?1)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1)(?t>=2)(?2)(?t<10)(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1)(?t>=2)(?2)(?t<10)(?3)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') ||
		tiktokads.sequence_match('(?1).*(?1).*(?1)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c')::int::text || tiktokads.sequence_count('(?1).*(?1).*(?1)', timestamp 'epoch' + ts * interval '1 second', event = 'a', event = 'b', event = 'c') AS found
	FROM walk GROUP BY uid) AS g USING (uid);

-- a twin in SQL: the most steps that rows can take in order within the window
CREATE TABLE many AS
SELECT r % 1511 AS uid, r / 1511 % 400 AS ts, r / 1511 / 400 % 7 AS kind, r AS shuffle
FROM generate_series(1, 9000) AS i, LATERAL (SELECT ('x' || md5(i::text))::bit(31)::int AS r) AS m;
WITH a AS (SELECT uid, ts FROM many WHERE kind = 0),
	b AS (SELECT a.uid, a.ts AS began, m.ts FROM a JOIN many AS m ON m.uid = a.uid AND m.kind IN (1, 2) AND m.ts BETWEEN a.ts AND a.ts + 150),
	c AS (SELECT b.uid, b.began, m.ts FROM b JOIN many AS m ON m.uid = b.uid AND m.kind = 3 AND m.ts BETWEEN b.ts AND b.began + 150),
	d AS (SELECT c.uid FROM c JOIN many AS m ON m.uid = c.uid AND m.kind = 1 AND m.ts BETWEEN c.ts AND c.began + 150),
	twin AS (SELECT uid, CASE WHEN uid IN (SELECT uid FROM d) THEN 4 WHEN uid IN (SELECT uid FROM c) THEN 3
		WHEN uid IN (SELECT uid FROM b) THEN 2 WHEN uid IN (SELECT uid FROM a) THEN 1 ELSE 0 END AS level FROM (SELECT DISTINCT uid FROM many) AS u)
SELECT level, count(*) AS people, count(*) FILTER (WHERE level <> funnel) AS differ
FROM twin JOIN (SELECT uid, tiktokads.window_funnel(150, '', ts, kind = 0, kind IN (1, 2), kind = 3, kind = 1) AS funnel
	FROM many GROUP BY uid) AS g USING (uid)
GROUP BY level ORDER BY level;

-- workers give partial states, and the same answers as one process, in any order of rows
CREATE FUNCTION answers(part text) RETURNS TABLE (md5 text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT md5(string_agg(g::text, ' ' ORDER BY uid)) FROM (
			SELECT uid, tiktokads.window_funnel(150, '', ts, kind = 0, kind IN (1, 2), kind = 3, kind = 1),
				tiktokads.window_funnel(150, 'strict_order', ts, kind = 0, kind IN (1, 2), kind = 3, kind = 1),
				tiktokads.window_funnel(150, 'strict_once,strict_deduplication', ts, kind = 0, kind < 3, kind < 2, kind = 1),
				tiktokads.sequence_match('(?1).*(?2)(?t<100)(?3)', ts, kind = 0, kind IN (1, 2), kind = 3),
				tiktokads.sequence_count('(?1).*(?2)', ts, kind = 0, kind IN (1, 2), kind = 3),
				tiktokads.sequence_events('(?1)(?2)(?3)', ts, kind = 0, kind IN (1, 2), kind = 3),
				tiktokads.retention(kind = 0, kind = 1 AND ts < 100, kind = 9, NULL)
			FROM %s GROUP BY uid) AS g$q$, part);
END;
$$;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE answer AS
SELECT 1 AS n, md5 FROM answers('(SELECT * FROM many ORDER BY uid, ts) AS m')
UNION ALL SELECT 2, md5 FROM answers('(SELECT * FROM many ORDER BY shuffle, ts DESC) AS m')
UNION ALL SELECT 3, md5 FROM answers('(SELECT * FROM many ORDER BY ts DESC, uid) AS m');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
ALTER TABLE many SET (parallel_workers = 2);
EXPLAIN (COSTS OFF)
SELECT uid, tiktokads.window_funnel(150, '', ts, kind = 0, kind = 3), tiktokads.sequence_count('(?1)(?2)', ts, kind = 0, kind = 3),
	tiktokads.retention(kind = 0, kind = 3)
FROM many GROUP BY uid;
INSERT INTO answer SELECT 4, md5 FROM answers('many');
SET max_parallel_workers_per_gather = 1;
INSERT INTO answer SELECT 5, md5 FROM answers('many');
RESET parallel_leader_participation;
INSERT INTO answer SELECT 6, md5 FROM answers('many');
SELECT count(*) AS runs, count(DISTINCT md5) AS answers FROM answer;
-- times of two workers that lie millions of seconds apart, and steps after the sixteenth, change nothing
SELECT count(*) AS people, count(*) FILTER (WHERE near <> far) AS differ, count(*) FILTER (WHERE few <> late) AS differ_late FROM (
	SELECT tiktokads.window_funnel(150, '', ts, kind = 0, kind IN (1, 2), kind = 3, kind = 1) || ' ' ||
			tiktokads.window_funnel(150, 'strict_once', ts, kind = 0, kind < 3, kind < 2, kind = 1) AS near,
		tiktokads.window_funnel(150 * 2199023255552, '', (ts - 200) * 2199023255552, kind = 0, kind IN (1, 2), kind = 3, kind = 1) || ' ' ||
			tiktokads.window_funnel(150 * 2199023255552, 'strict_once', (ts - 200) * 2199023255552, kind = 0, kind < 3, kind < 2, kind = 1) AS far,
		tiktokads.sequence_count('(?1).*(?2)', ts, kind = 0, kind IN (1, 2)) AS few,
		tiktokads.sequence_count('(?16).*(?17)', ts, VARIADIC array_fill(false, ARRAY[15]) || ARRAY[kind = 0, kind IN (1, 2)]) AS late
	FROM many GROUP BY uid % 151) AS g;
SET max_parallel_workers_per_gather = 0;
SELECT count(*) AS people, count(*) FILTER (WHERE near <> far) AS differ, count(*) FILTER (WHERE few <> late) AS differ_late FROM (
	SELECT tiktokads.window_funnel(150, '', ts, kind = 0, kind IN (1, 2), kind = 3, kind = 1) || ' ' ||
			tiktokads.window_funnel(150, 'strict_once', ts, kind = 0, kind < 3, kind < 2, kind = 1) AS near,
		tiktokads.window_funnel(150 * 2199023255552, '', (ts - 200) * 2199023255552, kind = 0, kind IN (1, 2), kind = 3, kind = 1) || ' ' ||
			tiktokads.window_funnel(150 * 2199023255552, 'strict_once', (ts - 200) * 2199023255552, kind = 0, kind < 3, kind < 2, kind = 1) AS far,
		tiktokads.sequence_count('(?1).*(?2)', ts, kind = 0, kind IN (1, 2)) AS few,
		tiktokads.sequence_count('(?16).*(?17)', ts, VARIADIC array_fill(false, ARRAY[15]) || ARRAY[kind = 0, kind IN (1, 2)]) AS late
	FROM many GROUP BY uid % 151) AS g;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- one state serves all sequence aggregates and windows over the rows; grouping sets keep theirs apart
SELECT n, ts, tiktokads.window_funnel(6, '', ts, event = 'a', event = 'b', event = 'c') OVER (ORDER BY n) AS level
FROM (VALUES (1, 5, 'b'), (2, 8, 'c'), (3, 1, 'a'), (4, 4, 'b'), (5, 2, 'b'), (6, 7, 'c')) AS v (n, ts, event);
SELECT kind % 2 AS odd, tiktokads.window_funnel(150, '', ts, kind = 0, kind = 2, kind = 4) AS level
FROM many WHERE uid < 9 GROUP BY GROUPING SETS ((kind % 2), ()) ORDER BY 1 NULLS FIRST;

-- no rows, NULL times, NULL steps, NULL modes
SELECT tiktokads.window_funnel(1, '', ts, true), tiktokads.sequence_match('(?1)', ts, true), tiktokads.sequence_count('(?1)', ts, true),
	tiktokads.sequence_events('(?1)', ts, true), tiktokads.retention(true)
FROM event WHERE false;
SELECT tiktokads.window_funnel(1, '', NULL::bigint, true), tiktokads.sequence_match('(?1)', NULL::bigint, true),
	tiktokads.sequence_count('(?1)', NULL::bigint, true), tiktokads.sequence_events('(?1)(?1)', NULL::bigint, true);
SELECT tiktokads.window_funnel(10, NULL, ts, a, b) AS level, tiktokads.window_funnel(10, 'strict_order', ts, a, b) AS ordered,
	tiktokads.sequence_events('(?1)(?2)', ts, a, b), tiktokads.retention(a, b)
FROM (VALUES (1, true, NULL), (2, NULL, NULL), (NULL, NULL, true), (3, NULL, true)) AS v (ts, a, b);

-- a day is 24 hours also when clocks change; 64 steps; a state with the bits of all
SET timezone = 'Europe/Berlin';
SELECT tiktokads.window_funnel('1 day', '', at, n = 1, n = 2) AS level
FROM (VALUES (timestamptz '2024-10-26 12:00', 1), ('2024-10-27 11:30', 2)) AS v (at, n);
SELECT tiktokads.window_funnel('1 day', '', at, n = 1, n = 2) AS level
FROM (VALUES (timestamptz '2024-03-30 12:00', 1), ('2024-03-31 13:00', 2)) AS v (at, n);
SET timezone = 'UTC';
SELECT tiktokads.window_funnel(100, '', n, VARIADIC array_fill(false, ARRAY[n - 1]) || true || array_fill(false, ARRAY[64 - n])) AS level
FROM generate_series(64, 1, -1) AS n;
SELECT tiktokads.window_funnel(interval '1 day', '', at, n = 1, n = 2) AS level
FROM (VALUES (timestamptz '-infinity', 1), ('2024-01-01', 1), ('2024-01-02', 2), ('infinity', 2)) AS v (at, n);

-- groups whose question changes, and errors
SELECT tiktokads.window_funnel(n, '', n, true) FROM generate_series(1, 2) AS n;
SELECT n, tiktokads.window_funnel(n, '', n, true) AS level FROM generate_series(1, 2) AS n GROUP BY n ORDER BY n;
SELECT tiktokads.window_funnel(1, '', n, VARIADIC array_fill(true, ARRAY[n::int])) FROM generate_series(1, 2) AS n;
SELECT tiktokads.window_funnel('1 month', '', now(), true);
SELECT tiktokads.window_funnel('-1 day', '', now(), true);
SELECT tiktokads.window_funnel('2000000000 days', '', now(), true);
SELECT tiktokads.window_funnel(-1, '', 1, true);
SELECT tiktokads.window_funnel(NULL::bigint, '', 1, true);
SELECT tiktokads.window_funnel(1, 'strict_order, sloppy', 1, true);
SELECT tiktokads.window_funnel(1, 'allow_reentry', 1, true);
SELECT tiktokads.window_funnel(1, '', 1, VARIADIC '{}');
SELECT tiktokads.window_funnel(1, '', 1, VARIADIC NULL);
SELECT tiktokads.window_funnel(1, '', 1, VARIADIC '{{t,f},{t,f}}');
SELECT tiktokads.window_funnel(1, '', 1, VARIADIC array_fill(true, ARRAY[65]));
SELECT tiktokads.sequence_match('(?1)(?3)', 1, true, false);
SELECT tiktokads.sequence_count('é(?1)', 1, true, false);
SELECT tiktokads.sequence_events('(?1)(?t~5)', 1, true, false);
SELECT tiktokads.sequence_match(NULL, 1, true, false);
SELECT tiktokads.retention(VARIADIC NULL);

-- times in patterns are seconds for timestamps
SELECT tiktokads.sequence_match('(?1)(?t<=5)(?2)', at, n = 1, n = 2) AS within, tiktokads.sequence_match('(?1)(?t<5)(?2)', at, n = 1, n = 2) AS below,
	tiktokads.sequence_match('(?1)(?t==5)(?2)', at, n = 1, n = 2) AS exactly, tiktokads.sequence_events('(?1).*(?2).*(?1)', at, n = 1, n = 2)
FROM (VALUES (timestamptz '2024-01-01 00:00:00+00', 1), ('2024-01-01 00:00:05+00', 2)) AS v (at, n);
