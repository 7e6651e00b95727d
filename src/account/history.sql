-- the history of ad accounts

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, description) VALUES
	('advertiser_history', 'table', '{advertiser_id,valid_from}', 'Ad accounts as they were: a row for each change that was observed.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT 'advertiser_history', a.attnum, a.attname,
	pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.col_description(a.attrelid, a.attnum)
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = 'tiktokads.advertiser'::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
	AND a.attname NOT IN ('connection', 'sync', 'first_seen_at', 'changed_at');
SELECT tiktokads.model_history_columns('advertiser_history');
