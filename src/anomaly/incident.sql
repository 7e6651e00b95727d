-- the incidents

CREATE TABLE tiktokads.anomaly
(
	anomaly bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	detector text NOT NULL,
	kind text NOT NULL,
	topic text NOT NULL,
	metric text,
	level text NOT NULL CHECK (level IN ('advertiser', 'campaign', 'adgroup', 'ad')),
	advertiser_id bigint NOT NULL,
	entity_id bigint NOT NULL,
	entity_name text,
	started_on date NOT NULL,
	ended_on date NOT NULL,
	worst_on date NOT NULL,
	grain text NOT NULL DEFAULT 'day' CHECK (grain IN ('day', 'hour')),
	started_at timestamp,
	ended_at timestamp,
	direction text NOT NULL CHECK (direction IN ('up', 'down', 'missing')),
	observed float8,
	expected float8,
	lower float8,
	upper float8,
	surprise float8 NOT NULL,
	severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
	spend numeric,
	spend_share float8,
	explanation text NOT NULL,
	details jsonb NOT NULL DEFAULT '{}',
	state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'muted')),
	found_by text NOT NULL,
	found_at timestamptz NOT NULL DEFAULT tiktokads.clock_now(),
	changed_at timestamptz NOT NULL DEFAULT tiktokads.clock_now(),
	resolved_at timestamptz,
	UNIQUE (advertiser_id, level, entity_id, topic, started_on),
	CHECK (started_on <= worst_on AND worst_on <= ended_on)
);
CREATE INDEX anomaly_open ON tiktokads.anomaly (advertiser_id, started_on) WHERE state = 'open';
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_anomaly_seq', '');
COMMENT ON TABLE tiktokads.anomaly IS 'Incidents: one row for each episode of an entity, told at the level where its cause is. CALL tiktokads.detect() and tiktokads.detect_anomalies() write it; state may be set by hand.';
COMMENT ON COLUMN tiktokads.anomaly.anomaly IS 'Number of the incident.';
COMMENT ON COLUMN tiktokads.anomaly.detector IS 'Detector that tells it, see tiktokads.anomaly_detector.';
COMMENT ON COLUMN tiktokads.anomaly.kind IS 'metric, pattern, budget, missing or restated.';
COMMENT ON COLUMN tiktokads.anomaly.topic IS 'What it is about: an entity has one incident of a topic at a time.';
COMMENT ON COLUMN tiktokads.anomaly.metric IS 'Signal that observed and expected are of; NULL for missing data.';
COMMENT ON COLUMN tiktokads.anomaly.level IS 'advertiser, campaign, adgroup or ad.';
COMMENT ON COLUMN tiktokads.anomaly.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.anomaly.entity_id IS 'Entity of that level; the ad account itself at level advertiser.';
COMMENT ON COLUMN tiktokads.anomaly.entity_name IS 'Its name when the incident was last written; NULL when unknown.';
COMMENT ON COLUMN tiktokads.anomaly.started_on IS 'First day of the episode, in the account''s time zone.';
COMMENT ON COLUMN tiktokads.anomaly.ended_on IS 'Last day of it so far.';
COMMENT ON COLUMN tiktokads.anomaly.worst_on IS 'Day of observed, expected and surprise.';
COMMENT ON COLUMN tiktokads.anomaly.grain IS 'hour: observed and expected are of two hours, until the whole day is judged; day: of the worst day.';
COMMENT ON COLUMN tiktokads.anomaly.started_at IS 'Begin of the first hours in which it was found, as the account''s clock showed it; NULL when it was found by the day.';
COMMENT ON COLUMN tiktokads.anomaly.ended_at IS 'End of the last such hours.';
COMMENT ON COLUMN tiktokads.anomaly.direction IS 'up or down of the metric; missing for missing data.';
COMMENT ON COLUMN tiktokads.anomaly.observed IS 'The metric on the worst day; NULL when it has no value.';
COMMENT ON COLUMN tiktokads.anomaly.expected IS 'What was expected of it.';
COMMENT ON COLUMN tiktokads.anomaly.lower IS 'Lower end of the band that holds 95 % of such days.';
COMMENT ON COLUMN tiktokads.anomaly.upper IS 'Upper end of it.';
COMMENT ON COLUMN tiktokads.anomaly.surprise IS 'Minus the decimal logarithm of the chance of such a day; 0 for missing data.';
COMMENT ON COLUMN tiktokads.anomaly.severity IS 'low, medium, high or critical: by surprise and by share of spend.';
COMMENT ON COLUMN tiktokads.anomaly.spend IS 'Spend at risk: what the entity spent in the episode, or for a stop should have spent on the worst day.';
COMMENT ON COLUMN tiktokads.anomaly.spend_share IS 'The same as a share of the ad account''s, 0 to 1.';
COMMENT ON COLUMN tiktokads.anomaly.explanation IS 'What happened, in words.';
COMMENT ON COLUMN tiktokads.anomaly.details IS 'The same for programs: drivers (children with observed, expected and their share of the difference), parts (logarithms that add up to the ratio''s change), also (other detectors that fired), parents.';
COMMENT ON COLUMN tiktokads.anomaly.state IS 'open; resolved (back to normal, or the numbers were restated); muted (by anomaly_mute, or by hand).';
COMMENT ON COLUMN tiktokads.anomaly.found_by IS 'detect or detect_anomalies.';
COMMENT ON COLUMN tiktokads.anomaly.found_at IS 'When it was first found.';
COMMENT ON COLUMN tiktokads.anomaly.changed_at IS 'When the row last changed.';
COMMENT ON COLUMN tiktokads.anomaly.resolved_at IS 'When it was resolved; NULL while it is not.';

CREATE TABLE tiktokads.anomaly_progress
(
	advertiser_id bigint PRIMARY KEY,
	judged_to date NOT NULL,
	judged_hour timestamp,
	judged_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_progress', '');
COMMENT ON TABLE tiktokads.anomaly_progress IS 'Up to which day detect() has judged each ad account.';
COMMENT ON COLUMN tiktokads.anomaly_progress.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.anomaly_progress.judged_to IS 'Last day judged, in the account''s time zone.';
COMMENT ON COLUMN tiktokads.anomaly_progress.judged_hour IS 'Last hour judged, on the account''s clock; NULL: none.';
COMMENT ON COLUMN tiktokads.anomaly_progress.judged_at IS 'When.';

CREATE TABLE tiktokads.anomaly_label
(
	label bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	advertiser_id bigint NOT NULL,
	level text CHECK (level IN ('advertiser', 'campaign', 'adgroup', 'ad')),
	entity_id bigint,
	topic text,
	from_date date NOT NULL,
	to_date date NOT NULL,
	note text,
	CHECK (from_date <= to_date)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_label', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.anomaly_label_label_seq', '');
COMMENT ON TABLE tiktokads.anomaly_label IS 'What really happened, for tiktokads.backtest_anomalies().';
COMMENT ON COLUMN tiktokads.anomaly_label.label IS 'Number of the row.';
COMMENT ON COLUMN tiktokads.anomaly_label.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.anomaly_label.level IS 'Level; NULL: any.';
COMMENT ON COLUMN tiktokads.anomaly_label.entity_id IS 'Entity of that level; NULL: any. An incident of one of its parents or children counts as found.';
COMMENT ON COLUMN tiktokads.anomaly_label.topic IS 'Topic; NULL: any.';
COMMENT ON COLUMN tiktokads.anomaly_label.from_date IS 'First day.';
COMMENT ON COLUMN tiktokads.anomaly_label.to_date IS 'Last day.';
COMMENT ON COLUMN tiktokads.anomaly_label.note IS 'What it was.';
