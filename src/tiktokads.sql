-- closes the house: each ad account's rows for those who may see it, and
-- nobody may call what was not granted (tiktokads.role_rule says what is)

DO $do$
DECLARE
	secured text;
BEGIN
	FOR secured IN
		SELECT c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class AS c
			JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'advertiser_id' AND NOT a.attisdropped
		WHERE c.relnamespace = 'tiktokads'::pg_catalog.regnamespace AND c.relkind = 'r' AND NOT c.relrowsecurity AND EXISTS (
			SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
		ORDER BY c.relname
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', secured);
		EXECUTE pg_catalog.format('CREATE POLICY tiktokads_granted ON %s USING ((SELECT tiktokads.sees_all_advertisers()) '
			'OR advertiser_id = ANY (ARRAY(SELECT tiktokads.visible_advertisers())))', secured);
	END LOOP;
END;
$do$;

REVOKE ALL ON ALL ROUTINES IN SCHEMA tiktokads FROM PUBLIC;
