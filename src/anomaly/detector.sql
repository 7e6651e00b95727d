-- what is looked for, as rows: signals, detectors, and what to leave alone

CREATE TABLE tiktokads.anomaly_signal
(
	signal text PRIMARY KEY,
	numerator name NOT NULL,
	denominator name,
	family text NOT NULL CHECK (family IN ('amount', 'count', 'rate')),
	inverse boolean NOT NULL DEFAULT false,
	scale float8 NOT NULL DEFAULT 1,
	restates boolean NOT NULL DEFAULT false,
	hourly name,
	description text NOT NULL,
	CHECK (NOT inverse OR denominator IS NOT NULL)
);
COMMENT ON TABLE tiktokads.anomaly_signal IS 'Numbers that detectors look at, made of additive columns of the daily reports.';
COMMENT ON COLUMN tiktokads.anomaly_signal.signal IS 'Name that detectors use.';
COMMENT ON COLUMN tiktokads.anomaly_signal.numerator IS 'Column that is judged.';
COMMENT ON COLUMN tiktokads.anomaly_signal.denominator IS 'Column it is in proportion to; NULL: the days themselves.';
COMMENT ON COLUMN tiktokads.anomaly_signal.family IS 'How it scatters: amount (money), count (events, overdispersed Poisson), rate (events among trials, beta-binomial). See tiktokads.day_band().';
COMMENT ON COLUMN tiktokads.anomaly_signal.inverse IS 'True: people read it as denominator / numerator (cost per conversion), so that it is up when the numerator is down.';
COMMENT ON COLUMN tiktokads.anomaly_signal.scale IS 'Factor of the number that people read: 100 for percent, 1000 for cost per thousand.';
COMMENT ON COLUMN tiktokads.anomaly_signal.restates IS 'True: the numerator of a past day still grows until its attribution window closes.';
COMMENT ON COLUMN tiktokads.anomaly_signal.hourly IS 'Column of the hourly reports that stands for the numerator there, one that is known at once; NULL: the numerator itself.';
COMMENT ON COLUMN tiktokads.anomaly_signal.description IS 'What it is.';

INSERT INTO tiktokads.anomaly_signal (signal, numerator, denominator, family, inverse, scale, restates, description) VALUES
	('spend', 'spend', NULL, 'amount', false, 1, false, 'Spend of a day.'),
	('impressions', 'impressions', NULL, 'count', false, 1, false, 'Impressions of a day.'),
	('clicks', 'clicks', NULL, 'count', false, 1, false, 'Clicks of a day.'),
	('conversion', 'conversion', NULL, 'count', false, 1, true, 'Conversions of a day.'),
	('ctr', 'clicks', 'impressions', 'rate', false, 100, false, 'Clicks / impressions in percent.'),
	('cvr', 'conversion', 'clicks', 'rate', false, 100, true, 'Conversions / clicks in percent.'),
	('cpm', 'spend', 'impressions', 'amount', false, 1000, false, 'Spend for a thousand impressions.'),
	('cpc', 'clicks', 'spend', 'count', true, 1, false, 'Spend / clicks.'),
	('cpa', 'conversion', 'spend', 'count', true, 1, true, 'Spend / conversions.'),
	('frequency', 'impressions', 'reach', 'amount', false, 1, false, 'Impressions / reach: how often a person saw it that day.');
UPDATE tiktokads.anomaly_signal SET hourly = 'real_time_conversion' WHERE numerator = 'conversion';

CREATE TABLE tiktokads.anomaly_detector_shipped
(
	detector text PRIMARY KEY,
	enabled boolean NOT NULL DEFAULT true,
	kind text NOT NULL CHECK (kind IN ('metric', 'pattern', 'budget', 'missing', 'restated')),
	priority int NOT NULL,
	topic text NOT NULL,
	signal text,
	conditions jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(conditions) = 'array'),
	levels text[] NOT NULL DEFAULT '{advertiser,campaign,adgroup,ad}',
	grains text[] NOT NULL DEFAULT '{day}',
	minimum_surprise float8 NOT NULL DEFAULT 4 CHECK (minimum_surprise >= 0),
	minimum_change float8 NOT NULL DEFAULT 0.5 CHECK (minimum_change >= 0),
	minimum_spend numeric NOT NULL DEFAULT 20 CHECK (minimum_spend >= 0),
	minimum_volume float8 NOT NULL DEFAULT 0 CHECK (minimum_volume >= 0),
	minimum_share float8 NOT NULL DEFAULT 0.01 CHECK (minimum_share BETWEEN 0 AND 1),
	description text NOT NULL
);
COMMENT ON TABLE tiktokads.anomaly_detector_shipped IS 'Detectors as this version of the extension ships them. Read tiktokads.anomaly_detector, which has your changes; make them in tiktokads.anomaly_detector_override.';

CREATE TABLE tiktokads.anomaly_detector_override
(
	detector text PRIMARY KEY,
	enabled boolean,
	kind text CHECK (kind IN ('metric', 'pattern', 'budget', 'missing', 'restated')),
	priority int,
	topic text,
	signal text,
	conditions jsonb CHECK (jsonb_typeof(conditions) = 'array'),
	levels text[],
	grains text[],
	minimum_surprise float8 CHECK (minimum_surprise >= 0),
	minimum_change float8 CHECK (minimum_change >= 0),
	minimum_spend numeric CHECK (minimum_spend >= 0),
	minimum_volume float8 CHECK (minimum_volume >= 0),
	minimum_share float8 CHECK (minimum_share BETWEEN 0 AND 1),
	description text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_detector_override', '');
COMMENT ON TABLE tiktokads.anomaly_detector_override IS 'Your changes to detectors: each column that is not NULL replaces the shipped one. A row for a detector that is not shipped is a detector of your own and needs kind, priority, topic, signal and conditions. Part of dumps.';

CREATE VIEW tiktokads.anomaly_detector WITH (security_invoker = true) AS
SELECT coalesce(o.detector, s.detector) AS detector,
	coalesce(o.enabled, s.enabled, true) AS enabled,
	coalesce(o.kind, s.kind, 'metric') AS kind,
	coalesce(o.priority, s.priority, 100) AS priority,
	coalesce(o.topic, s.topic, o.detector) AS topic,
	coalesce(o.signal, s.signal) AS signal,
	coalesce(o.conditions, s.conditions, '[]') AS conditions,
	coalesce(o.levels, s.levels, '{advertiser,campaign,adgroup,ad}') AS levels,
	coalesce(o.grains, s.grains, '{day}') AS grains,
	coalesce(o.minimum_surprise, s.minimum_surprise, 4) AS minimum_surprise,
	coalesce(o.minimum_change, s.minimum_change, 0.5) AS minimum_change,
	coalesce(o.minimum_spend, s.minimum_spend, 20) AS minimum_spend,
	coalesce(o.minimum_volume, s.minimum_volume, 0) AS minimum_volume,
	coalesce(o.minimum_share, s.minimum_share, 0.01) AS minimum_share,
	o.detector IS NOT NULL AS overridden,
	coalesce(o.description, s.description) AS description
FROM tiktokads.anomaly_detector_shipped AS s
	FULL JOIN tiktokads.anomaly_detector_override AS o ON o.detector = s.detector;
COMMENT ON VIEW tiktokads.anomaly_detector IS 'The detectors in force: the shipped ones with the changes of tiktokads.anomaly_detector_override, and your own.';

DO $do$
DECLARE
	words constant text[] := ARRAY[
		'detector', 'Name of the detector.',
		'enabled', 'False: not looked for.',
		'kind', 'metric (one signal), pattern (several together), budget (spend against budget), missing (no data) or restated (days that were final changed).',
		'priority', 'Of all that an entity''s day shows, the detector with the lowest number tells it.',
		'topic', 'Detectors of one topic find one thing: spend, delivery, click, conversion, frequency, budget, data, restatement.',
		'signal', 'Signal whose observed and expected values the incident shows; NULL for missing data.',
		'conditions', 'Array of objects of signal and state, one of which must hold whole. States: up, down (surprising and far enough), stopped (nothing at all, where silence is rare), not_up, not_down, steady (within a fifth above and a third below, or within the band), rising, falling (last 7 days against the 21 before).',
		'levels', 'Levels that it looks at: advertiser, campaign, adgroup, ad.',
		'grains', 'day, hour or both: what it looks at. At hours two together are judged by the same two of the days before; minimum_spend is a twelfth there.',
		'minimum_surprise', 'How unlikely up and down must be: 4 is one in ten thousand days. The number of entities that are looked at is added as a power of ten.',
		'minimum_change', 'How far from the expected value, in proportion to it: 0.5 is half as much again, or a third less.',
		'minimum_spend', 'Days of less spend, also by the week before, are left alone; in the account''s currency.',
		'minimum_volume', 'Days that expect less of the signal''s numerator are left alone.',
		'minimum_share', 'Changes of spend, delivery and budget are left alone with entities that have less of the ad account''s spend than this: 0.01 is one in a hundred.',
		'overridden', 'True when anomaly_detector_override has a row for it.',
		'description', 'What it means and where to look.'];
	relation text;
	w int;
BEGIN
	FOREACH relation IN ARRAY ARRAY['anomaly_detector_shipped', 'anomaly_detector_override', 'anomaly_detector'] LOOP
		FOR w IN 1 .. pg_catalog.array_length(words, 1) BY 2 LOOP
			IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = ('tiktokads.' || relation)::pg_catalog.regclass AND attname = words[w]) THEN
				EXECUTE pg_catalog.format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', relation, words[w],
					words[w + 1] || CASE WHEN relation = 'anomaly_detector_override' AND words[w] <> 'detector' THEN ' NULL: as shipped.' ELSE '' END);
			END IF;
		END LOOP;
	END LOOP;
END;
$do$;

INSERT INTO tiktokads.anomaly_detector_shipped (detector, kind, priority, topic, signal, conditions, levels, minimum_surprise, minimum_change, minimum_spend, minimum_volume, description) VALUES
	('missing_data', 'missing', 10, 'data', NULL, '[]', '{advertiser}', 5, 0, 0, 0,
		'A day has no data at all though the days before had: the data are late, the sync failed, the token lost its rights, or the whole account was stopped. No number of that day is judged.'),
	('restated', 'restated', 15, 'restatement', 'spend', '[]', '{advertiser}', 0, 0.05, 20, 0,
		'Days that were final have other numbers now: TikTok took back or added spend after the fact. Reports, invoices and bids that used the earlier numbers are wrong.'),
	('delivery_stopped', 'pattern', 20, 'delivery', 'spend', '[{"spend": "stopped"}]', '{advertiser,campaign,adgroup,ad}', 3.5, 0.5, 20, 0,
		'Nothing was delivered though nobody switched it off: look for a rejected ad, an empty balance, an ended schedule.'),
	('tracking_broken', 'pattern', 30, 'conversion', 'conversion', '[{"conversion": "down", "cvr": "down", "clicks": "not_down"}]', '{advertiser,campaign,adgroup,ad}', 4, 0.5, 20, 4,
		'Conversions collapsed while clicks hold: the pixel, the app''s tracking or the landing page is broken.'),
	('click_farm', 'pattern', 40, 'click', 'ctr', '[{"ctr": "up", "clicks": "up", "conversion": "not_up", "cvr": "down"}, {"ctr": "up", "clicks": "up", "conversion": "not_up", "impressions": "not_up"}]', '{advertiser,campaign,adgroup,ad}', 4, 0.5, 20, 50,
		'Click-through rate jumped without conversions: clicks of no value, by accident or by a click farm. Look at placements and the audience network.'),
	('spend_without_clicks', 'pattern', 50, 'spend', 'spend', '[{"spend": "up", "clicks": "not_up"}]', '{advertiser,campaign,adgroup,ad}', 4, 0.5, 20, 0,
		'Spend rose and clicks did not: bids or a change of placement drive the price.'),
	('spend_up', 'metric', 60, 'spend', 'spend', '[{"spend": "up"}]', '{advertiser,campaign,adgroup,ad}', 4, 0.5, 20, 0,
		'Much more was spent than usual.'),
	('frequency_fatigue', 'pattern', 70, 'frequency', 'frequency', '[{"frequency": "up", "ctr": "down"}, {"frequency": "rising", "ctr": "falling"}]', '{campaign,adgroup,ad}', 2.5, 0.3, 20, 0,
		'The same people see it ever more often and click less: refresh the creative or widen the audience.'),
	('cvr_down', 'metric', 80, 'conversion', 'cvr', '[{"cvr": "down"}]', '{advertiser,campaign,adgroup}', 4, 0.5, 20, 4,
		'Fewer of the clicks convert.'),
	('cpa_up', 'metric', 85, 'conversion', 'cpa', '[{"cpa": "up"}]', '{advertiser,campaign,adgroup}', 4, 0.5, 20, 4,
		'A conversion costs much more.'),
	('ctr_down', 'metric', 90, 'click', 'ctr', '[{"ctr": "down"}]', '{advertiser,campaign,adgroup,ad}', 4, 0.5, 20, 20,
		'Fewer of the impressions are clicked.'),
	('cpm_up', 'metric', 95, 'spend', 'cpm', '[{"cpm": "up"}]', '{advertiser,campaign,adgroup}', 4, 0.5, 20, 0,
		'Impressions cost much more: the auction has become more expensive.'),
	('spend_down', 'metric', 100, 'delivery', 'spend', '[{"spend": "down"}]', '{advertiser,campaign,adgroup,ad}', 4, 0.5, 20, 0,
		'Much less was spent than usual.'),
	('budget_pacing', 'budget', 110, 'budget', 'spend', '[]', '{campaign,adgroup}', 0, 0.25, 20, 0,
		'Spend of three days is off the daily budget: over it by more than minimum_change after keeping to it, or under half of it after filling it.');
UPDATE tiktokads.anomaly_detector_shipped SET grains = '{day,hour}'
WHERE detector IN ('missing_data', 'delivery_stopped', 'tracking_broken', 'click_farm', 'spend_without_clicks', 'spend_up', 'frequency_fatigue');

CREATE TABLE tiktokads.anomaly_mute
(
	mute bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	advertiser_id bigint,
	level text CHECK (level IN ('advertiser', 'campaign', 'adgroup', 'ad')),
	entity_id bigint,
	detector text,
	from_date date NOT NULL DEFAULT '-infinity',
	to_date date NOT NULL DEFAULT 'infinity',
	reason text,
	muted_by name NOT NULL DEFAULT current_user,
	CHECK (from_date <= to_date),
	CHECK (entity_id IS NULL OR level IS NOT NULL)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_mute', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_mute_mute_seq', '');
COMMENT ON TABLE tiktokads.anomaly_mute IS 'What not to alert: an incident whose days all lie in a window here gets state muted. A column that is NULL stands for all.';
COMMENT ON COLUMN tiktokads.anomaly_mute.mute IS 'Number of the row.';
COMMENT ON COLUMN tiktokads.anomaly_mute.advertiser_id IS 'Ad account; NULL: all.';
COMMENT ON COLUMN tiktokads.anomaly_mute.level IS 'Level; NULL: all.';
COMMENT ON COLUMN tiktokads.anomaly_mute.entity_id IS 'Entity of that level; NULL: all.';
COMMENT ON COLUMN tiktokads.anomaly_mute.detector IS 'Detector; NULL: all.';
COMMENT ON COLUMN tiktokads.anomaly_mute.from_date IS 'First day.';
COMMENT ON COLUMN tiktokads.anomaly_mute.to_date IS 'Last day.';
COMMENT ON COLUMN tiktokads.anomaly_mute.reason IS 'Why, for others to read.';
COMMENT ON COLUMN tiktokads.anomaly_mute.muted_by IS 'Role that added it.';

CREATE TABLE tiktokads.anomaly_holiday
(
	holiday bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	day date NOT NULL,
	advertiser_id bigint,
	name text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_holiday', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_holiday_holiday_seq', '');
COMMENT ON TABLE tiktokads.anomaly_holiday IS 'Days out of the ordinary (holidays, sales): their numbers are neither judged nor learnt from. That nothing is delivered, or no data came, is still told.';
COMMENT ON COLUMN tiktokads.anomaly_holiday.holiday IS 'Number of the row.';
COMMENT ON COLUMN tiktokads.anomaly_holiday.day IS 'The day, in the account''s time zone.';
COMMENT ON COLUMN tiktokads.anomaly_holiday.advertiser_id IS 'Ad account; NULL: all.';
COMMENT ON COLUMN tiktokads.anomaly_holiday.name IS 'Its name.';

-- how complete a day's restating numbers are at which age

CREATE TABLE tiktokads.anomaly_age
(
	advertiser_id bigint,
	numerator name,
	stat_date date,
	age int CHECK (age >= 0),
	value numeric NOT NULL,
	PRIMARY KEY (advertiser_id, numerator, stat_date, age)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_age', '');
COMMENT ON TABLE tiktokads.anomaly_age IS 'What each detect() saw of spend and of the numbers that still restate, and what syncs kept of the latter before, of each ad account: from it the completeness of young days is learnt, and what was restated after it was final.';
COMMENT ON COLUMN tiktokads.anomaly_age.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.anomaly_age.numerator IS 'Column of the daily report.';
COMMENT ON COLUMN tiktokads.anomaly_age.stat_date IS 'Day whose number it is.';
COMMENT ON COLUMN tiktokads.anomaly_age.age IS 'Days after it when it was read.';
COMMENT ON COLUMN tiktokads.anomaly_age.value IS 'What was read.';

CREATE TABLE tiktokads.anomaly_completeness
(
	age int PRIMARY KEY CHECK (age BETWEEN 0 AND 365),
	share_low float8 NOT NULL CHECK (share_low > 0),
	share_high float8 NOT NULL,
	CHECK (share_low <= share_high)
);
COMMENT ON TABLE tiktokads.anomaly_completeness IS 'Completeness of restating numbers by age that is assumed until an account''s own is known (two weeks of days seen young and final). Between the ages that are here the next lower one counts.';
COMMENT ON COLUMN tiktokads.anomaly_completeness.age IS 'Days after the day.';
COMMENT ON COLUMN tiktokads.anomaly_completeness.share_low IS 'At least this part of the final number is in.';
COMMENT ON COLUMN tiktokads.anomaly_completeness.share_high IS 'At most this part is.';
INSERT INTO tiktokads.anomaly_completeness (age, share_low, share_high) VALUES
	(0, 0.25, 1), (1, 0.4, 1), (2, 0.45, 1), (3, 0.5, 1), (7, 0.6, 1), (14, 0.8, 1), (21, 0.9, 1), (28, 1, 1);

-- what the user did

CREATE TABLE tiktokads.anomaly_entity_state
(
	level text CHECK (level IN ('campaign', 'adgroup', 'ad')),
	advertiser_id bigint,
	entity_id bigint,
	seen_at timestamptz,
	operation_status text,
	budget numeric,
	PRIMARY KEY (level, advertiser_id, entity_id, seen_at)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_entity_state', '');
COMMENT ON TABLE tiktokads.anomaly_entity_state IS 'What advertisers set, as each detect() saw it, one row for each change: what they did themselves is no anomaly.';
COMMENT ON COLUMN tiktokads.anomaly_entity_state.level IS 'campaign, adgroup or ad.';
COMMENT ON COLUMN tiktokads.anomaly_entity_state.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.anomaly_entity_state.entity_id IS 'Entity of that level.';
COMMENT ON COLUMN tiktokads.anomaly_entity_state.seen_at IS 'When it was first seen so; where the API says when it was modified, then.';
COMMENT ON COLUMN tiktokads.anomaly_entity_state.operation_status IS 'ENABLE, DISABLE, DELETE and so on.';
COMMENT ON COLUMN tiktokads.anomaly_entity_state.budget IS 'Budget in the account''s currency; NULL for ads.';
