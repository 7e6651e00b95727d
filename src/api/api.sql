-- what is done about each code of the API

CREATE FUNCTION tiktokads.api_code
(
	OUT code_from int,
	OUT code_to int,
	OUT verdict text,
	OUT meaning text,
	OUT hint text
)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_api_code';
COMMENT ON FUNCTION tiktokads.api_code IS 'What a sync does about each return code of the API: the first row whose range holds the code counts. verdict is ok, retry (soon, with backoff), wait (throttled), split (ask for less), re-authorise (new credentials are needed) or give up. NULL bounds: every other code. hint is what a user can do, NULL when nothing.';
