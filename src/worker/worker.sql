-- what wakes the workers, and sync_now()

CREATE FUNCTION tiktokads.worker_wake() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_worker_wake';
COMMENT ON FUNCTION tiktokads.worker_wake IS 'Trigger: when the transaction commits, the workers look at once what is due. Does nothing without shared_preload_libraries.';
REVOKE ALL ON FUNCTION tiktokads.worker_wake FROM PUBLIC;

CREATE TRIGGER worker_wake AFTER INSERT OR UPDATE OR DELETE ON tiktokads.connection
	FOR EACH STATEMENT EXECUTE FUNCTION tiktokads.worker_wake();
CREATE TRIGGER worker_wake AFTER INSERT OR UPDATE OR DELETE ON tiktokads.stream_override
	FOR EACH STATEMENT EXECUTE FUNCTION tiktokads.worker_wake();
CREATE TRIGGER worker_wake AFTER INSERT OR UPDATE ON tiktokads.model_state
	FOR EACH STATEMENT EXECUTE FUNCTION tiktokads.worker_wake();
CREATE TRIGGER worker_wake AFTER UPDATE OF sync, connection ON tiktokads.advertiser
	FOR EACH STATEMENT EXECUTE FUNCTION tiktokads.worker_wake();
CREATE TRIGGER worker_wake AFTER INSERT OR UPDATE OF request, not_before, set_aside_at ON tiktokads.sync_task
	FOR EACH STATEMENT EXECUTE FUNCTION tiktokads.worker_wake();

CREATE PROCEDURE tiktokads.sync_now
(
	connection text DEFAULT NULL,
	stream text DEFAULT NULL,
	advertiser_id bigint DEFAULT NULL,
	from_date date DEFAULT NULL,
	to_date date DEFAULT NULL,
	wait boolean DEFAULT false
)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_sync_now';
COMMENT ON PROCEDURE tiktokads.sync_now IS 'Hands what sync() would fetch to the workers, ahead of what is due by itself, and returns; with wait => true it waits, with notices, until each slice was done, and ends with an error when some failed (the workers then try them again). An error when no workers serve this database. It commits: call it alone.';
REVOKE ALL ON PROCEDURE tiktokads.sync_now FROM PUBLIC;
