-- URLs of landing pages, taken apart correctly

CREATE TYPE tiktokads.url AS
(
	base_url text,
	url_scheme text,
	url_host text,
	url_port int,
	url_path text,
	url_fragment text,
	utm_source text,
	utm_medium text,
	utm_campaign text,
	utm_content text,
	utm_term text
);
COMMENT ON TYPE tiktokads.url IS 'Parts of a URL, as url_parse() gives them.';
COMMENT ON COLUMN tiktokads.url.base_url IS 'Scheme, host, port and path, without user, query and fragment.';
COMMENT ON COLUMN tiktokads.url.url_scheme IS 'Scheme in lower case: https.';
COMMENT ON COLUMN tiktokads.url.url_host IS 'Host in lower case, without user and port.';
COMMENT ON COLUMN tiktokads.url.url_port IS 'Port, when the URL names one.';
COMMENT ON COLUMN tiktokads.url.url_path IS 'Path as it stands; / when a host is followed by none.';
COMMENT ON COLUMN tiktokads.url.url_fragment IS 'What follows the number sign.';
COMMENT ON COLUMN tiktokads.url.utm_source IS 'Parameter utm_source, decoded.';
COMMENT ON COLUMN tiktokads.url.utm_medium IS 'Parameter utm_medium, decoded.';
COMMENT ON COLUMN tiktokads.url.utm_campaign IS 'Parameter utm_campaign, decoded.';
COMMENT ON COLUMN tiktokads.url.utm_content IS 'Parameter utm_content, decoded.';
COMMENT ON COLUMN tiktokads.url.utm_term IS 'Parameter utm_term, decoded.';

-- not STRICT on purpose: below an outer join the planner then runs it once for each ad, not for each row of a report
CREATE FUNCTION tiktokads.url_parse(url text) RETURNS tiktokads.url
LANGUAGE c IMMUTABLE PARALLEL SAFE CALLED ON NULL INPUT AS 'MODULE_PATHNAME', 'tiktokads_url_parse';
COMMENT ON FUNCTION tiktokads.url_parse IS 'Parts of a URL by RFC 3986: user, port and fragment are told apart, host and scheme are in lower case, UTM parameters are found by their whole name and decoded. www.example.com/x without a scheme has a host. Parts that are missing, and all of NULL, are NULL. No input is an error.';

CREATE FUNCTION tiktokads.url_parameter(url text, name text) RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT AS 'MODULE_PATHNAME', 'tiktokads_url_parameter';
COMMENT ON FUNCTION tiktokads.url_parameter IS 'A parameter of the URL''s query by its whole name, the first one that is not empty; percent escapes and plus signs are decoded, what is no UTF-8 becomes U+FFFD. NULL when it is missing or empty, or for NULL.';
