-- the registry of personal data: which columns hold it, and what was decided about each table

CREATE TABLE tiktokads.personal_relation
(
	relation name PRIMARY KEY,
	on_erasure text CHECK (on_erasure IN ('delete', 'anonymise')),
	free_columns name[],
	purpose text,
	recipients text,
	shipped boolean NOT NULL DEFAULT false
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.personal_relation', 'WHERE NOT shipped');
COMMENT ON TABLE tiktokads.personal_relation IS 'What was decided about each table of the schema: how a person leaves it, or that it holds no personal data. Rows for tables that are not there yet apply once they are. Add rows for columns and tables of your own; tiktokads.unregistered_column shows what is undecided.';
COMMENT ON COLUMN tiktokads.personal_relation.relation IS 'Table in schema tiktokads.';
COMMENT ON COLUMN tiktokads.personal_relation.on_erasure IS 'delete: the person''s rows go. anonymise: the rows stay, their personal columns become NULL (erased where that is not allowed). NULL: the table holds no personal data, or what it holds goes another way.';
COMMENT ON COLUMN tiktokads.personal_relation.free_columns IS 'Columns of text and the like that were looked at and hold no personal data. NULL: all, in a table of settings or bookkeeping.';
COMMENT ON COLUMN tiktokads.personal_relation.purpose IS 'What the data is processed for; part of export_subject().';
COMMENT ON COLUMN tiktokads.personal_relation.recipients IS 'Who else receives it; part of export_subject().';
COMMENT ON COLUMN tiktokads.personal_relation.shipped IS 'True: came with the extension. Leave it false in rows of your own.';

CREATE TABLE tiktokads.personal_column
(
	relation name,
	column_name name,
	identifies boolean NOT NULL DEFAULT false,
	category text NOT NULL CHECK (category IN ('identifier', 'contact', 'device', 'free text', 'other')),
	mask text NOT NULL DEFAULT 'hide' CHECK (mask IN ('hide', 'hash')),
	shipped boolean NOT NULL DEFAULT false,
	PRIMARY KEY (relation, column_name)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.personal_column', 'WHERE NOT shipped');
COMMENT ON TABLE tiktokads.personal_column IS 'Columns that hold personal data: what erasure empties, export shows and analysts do not read.';
COMMENT ON COLUMN tiktokads.personal_column.relation IS 'Table in schema tiktokads; it needs a row in personal_relation.';
COMMENT ON COLUMN tiktokads.personal_column.column_name IS 'Column.';
COMMENT ON COLUMN tiktokads.personal_column.identifies IS 'True: its values name people, and rows are found by them. It should have an index where the table is large.';
COMMENT ON COLUMN tiktokads.personal_column.category IS 'identifier, contact, device, free text or other.';
COMMENT ON COLUMN tiktokads.personal_column.mask IS 'What the masked view of the table shows: hash (a keyed hash, equal for equal people) or nothing.';
COMMENT ON COLUMN tiktokads.personal_column.shipped IS 'True: came with the extension. Leave it false in rows of your own.';
