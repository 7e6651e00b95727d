-- whether the server was started with the library

CREATE FUNCTION tiktokads.is_preloaded() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_is_preloaded';
COMMENT ON FUNCTION tiktokads.is_preloaded IS 'True when tiktokads is in shared_preload_libraries of the running server: then there are workers, and rate budgets that all processes share.';
