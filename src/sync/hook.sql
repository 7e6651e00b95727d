-- functions of the users' own, called when a slice was stored

CREATE TABLE tiktokads.hook
(
	hook text PRIMARY KEY CHECK (hook <> ''),
	function text NOT NULL,
	streams text NOT NULL DEFAULT '%',
	owner name NOT NULL DEFAULT current_user,
	optional boolean NOT NULL DEFAULT false,
	enabled boolean NOT NULL DEFAULT true,
	description text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.hook', '');
COMMENT ON TABLE tiktokads.hook IS 'Functions of yours that are called after a slice''s rows are stored, in the same transaction: function(advertiser_id bigint, stream text, from_date date, to_date date). What is new and changed is in the temporary table tiktokads_changed: the columns of the stream''s table, and is_new.';
COMMENT ON COLUMN tiktokads.hook.hook IS 'Name.';
COMMENT ON COLUMN tiktokads.hook.function IS 'Function, with its schema: etl.refresh.';
COMMENT ON COLUMN tiktokads.hook.streams IS 'Pattern (as of LIKE) of the streams after which it is called.';
COMMENT ON COLUMN tiktokads.hook.owner IS 'Role with whose rights it runs: who wrote the row. Only a superuser may name another.';
COMMENT ON COLUMN tiktokads.hook.optional IS 'False: when it fails, the slice is rolled back and fails visibly, to be tried again. True: its failure becomes a finding, and the slice is stored.';
COMMENT ON COLUMN tiktokads.hook.enabled IS 'False: not called.';
COMMENT ON COLUMN tiktokads.hook.description IS 'What it is for; NULL: you did not say.';

CREATE FUNCTION tiktokads.hook_check() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user)
		AND (NEW.owner <> current_user OR (TG_OP = 'UPDATE' AND OLD.owner <> current_user)) THEN
		RAISE insufficient_privilege USING MESSAGE = format('permission denied for hook "%s"', NEW.hook),
			HINT = 'A hook runs with the rights of its owner: only a superuser may write one for another role.';
	END IF;
	RETURN NEW;
END;
$$;
COMMENT ON FUNCTION tiktokads.hook_check IS 'Lets nobody write a hook that runs with another role''s rights.';
REVOKE ALL ON FUNCTION tiktokads.hook_check FROM PUBLIC;
CREATE TRIGGER hook_check BEFORE INSERT OR UPDATE ON tiktokads.hook FOR EACH ROW EXECUTE FUNCTION tiktokads.hook_check();
