-- the history of entities: tables like theirs, a row for each state that was observed

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, description)
SELECT r.relation || '_history', 'table', r.key_columns || 'valid_from'::name, h.what
FROM tiktokads.model_relation AS r
	JOIN (VALUES
		('campaign', 'Campaigns as they were: a row for each change that was observed.'),
		('adgroup', 'Ad groups as they were: a row for each change that was observed.'),
		('ad', 'Ads as they were: a row for each change that was observed.')) AS h (relation, what) ON h.relation = r.relation;

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT c.relation || '_history', c.position, c.name, c.type, c.description
FROM tiktokads.model_column AS c
WHERE c.relation IN ('campaign', 'adgroup', 'ad') AND c.name NOT IN ('first_seen_at', 'changed_at');

CREATE FUNCTION tiktokads.model_history_columns(relation name) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
	INSERT INTO tiktokads.model_column (relation, position, name, type, description)
	SELECT $1, h.position, h.name, h.type, h.description
	FROM (VALUES
		(2001, 'valid_from', 'timestamptz', 'When this state was first observed.'),
		(2002, 'valid_to', 'timestamptz', 'When another state was first observed; NULL: this is the state now.'),
		(2003, 'change', 'text NOT NULL', 'added, changed, removed (deleted, or gone from a complete list; an ad account: not readable any more) or returned.'),
		(2004, 'changed', 'text[] NOT NULL', 'Columns that differ from the state before; all that are not NULL when it was added.')) AS h (position, name, type, description)
$$;
COMMENT ON FUNCTION tiktokads.model_history_columns IS 'Describes the columns that every history table has beside those of its entity. Part of the model.';
REVOKE ALL ON FUNCTION tiktokads.model_history_columns FROM PUBLIC;
SELECT tiktokads.model_history_columns(e || '_history') FROM unnest(ARRAY['campaign', 'adgroup', 'ad']) AS e;

CREATE FUNCTION tiktokads.model_history_make(entity name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	past name := entity || '_history';
	columns text;
BEGIN
	IF to_regclass(format('tiktokads.%I', past || '_valid')) IS NULL THEN
		EXECUTE format('CREATE INDEX %I ON tiktokads.%I (valid_from, valid_to)', past || '_valid', past);
	END IF;
	EXECUTE format('CREATE OR REPLACE FUNCTION tiktokads.%I(at timestamptz) RETURNS SETOF tiktokads.%I LANGUAGE sql STABLE PARALLEL SAFE AS %L',
		entity || '_at', past,
		format('SELECT h.* FROM tiktokads.%I AS h WHERE h.valid_from OPERATOR(pg_catalog.<=) $1'
			' AND (h.valid_to IS NULL OR $1 OPERATOR(pg_catalog.<) h.valid_to)', past));
	EXECUTE format('REVOKE ALL ON FUNCTION tiktokads.%I FROM PUBLIC', entity || '_at');
	EXECUTE format('COMMENT ON FUNCTION tiktokads.%I IS %L', entity || '_at',
		format('Rows of %s as they were at a time, as far as they were observed: the states whose valid_from .. valid_to holds it, removed ones included. No rows before the first sync, or for NULL.', entity));
	-- what was stored before there was a history begins it
	SELECT string_agg(quote_ident(h.attname), ', ' ORDER BY h.attnum) INTO columns
	FROM pg_attribute AS h JOIN pg_attribute AS e ON e.attname = h.attname AND e.attnum > 0 AND NOT e.attisdropped
	WHERE h.attrelid = to_regclass(format('tiktokads.%I', past)) AND h.attnum > 0 AND NOT h.attisdropped
		AND e.attrelid = to_regclass(format('tiktokads.%I', entity));
	EXECUTE format('INSERT INTO tiktokads.%1$I (%2$s, valid_from, change, changed) SELECT %2$s, e.changed_at, ''added'', ''{}'' FROM tiktokads.%3$I AS e'
		' WHERE NOT EXISTS (SELECT FROM tiktokads.%1$I AS h WHERE (%4$s) = (%5$s))', past, columns, entity,
		(SELECT string_agg(format('h.%I', k), ', ' ORDER BY n) FROM tiktokads.model_relation AS r, unnest(r.key_columns) WITH ORDINALITY AS u (k, n) WHERE r.relation = past AND k <> 'valid_from'),
		(SELECT string_agg(format('e.%I', k), ', ' ORDER BY n) FROM tiktokads.model_relation AS r, unnest(r.key_columns) WITH ORDINALITY AS u (k, n) WHERE r.relation = past AND k <> 'valid_from'));
END;
$$;
COMMENT ON FUNCTION tiktokads.model_history_make IS 'Makes what belongs to the history of an entity: its index, its function entity_at(), and the first state of what is stored already. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.model_history_make FROM PUBLIC;
