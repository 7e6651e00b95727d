-- identifiers of people: normalised, hashed as TikTok wants them, and as pseudonyms

CREATE FUNCTION tiktokads.normalise_email(email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.btrim(email, E' \t\r\n') ~ '^[^@[:space:]]+@[^@[:space:]]+$'
	THEN pg_catalog.lower(pg_catalog.btrim(email, E' \t\r\n')) END;
COMMENT ON FUNCTION tiktokads.normalise_email IS 'E-mail address trimmed and in lower case, as TikTok hashes it. NULL when it is NULL or no address. Dots and +tags stay: TikTok keeps them.';

CREATE FUNCTION tiktokads.normalise_phone(phone text, country_calling_code text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	country text := regexp_replace(country_calling_code, '^(\+|00)', '');
	number text := regexp_replace(replace(phone, '(0)', ''), '[[:space:]().\-/\u00a0]', '', 'g');
BEGIN
	number := regexp_replace(number, '^00', '+');
	IF number !~ '^\+' THEN
		number := '+' || country || regexp_replace(number, '^0', '');
	END IF;
	RETURN CASE WHEN number ~ '^\+[1-9][0-9]{6,14}$' THEN number END;
END;
$$;
COMMENT ON FUNCTION tiktokads.normalise_phone IS 'Phone number in E.164 (+ and at most 15 digits): without spaces and punctuation, 00 as +, the trunk zero of "(0)" dropped. country_calling_code (49 or +49) completes a national number, whose leading zero is dropped; without it such a number gives NULL, as does NULL or what is no number.';

CREATE FUNCTION tiktokads.sha256_hex(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(value, 'UTF8')), 'hex');
COMMENT ON FUNCTION tiktokads.sha256_hex IS 'SHA-256 of the text in UTF-8, in lower-case hexadecimal digits. NULL for NULL.';

CREATE FUNCTION tiktokads.hash_email(email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.btrim(email) ~ '^[0-9A-Fa-f]{64}$' THEN pg_catalog.lower(pg_catalog.btrim(email))
	ELSE tiktokads.sha256_hex(tiktokads.normalise_email(email)) END;
COMMENT ON FUNCTION tiktokads.hash_email IS 'E-mail address as TikTok matches it: SHA-256, unsalted, of the normalised address, in lower-case hexadecimal digits. What is hashed already is passed on. NULL when it is NULL or no address. A guess can be checked against it: keep it for what goes to TikTok, and pseudonym() for what stays.';

CREATE FUNCTION tiktokads.hash_phone(phone text, country_calling_code text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.btrim(phone) ~ '^[0-9A-Fa-f]{64}$' THEN pg_catalog.lower(pg_catalog.btrim(phone))
	ELSE tiktokads.sha256_hex(tiktokads.normalise_phone(phone, country_calling_code)) END;
COMMENT ON FUNCTION tiktokads.hash_phone IS 'Phone number as TikTok matches it: SHA-256, unsalted, of its E.164 form with the +, in lower-case hexadecimal digits. What is hashed already is passed on. NULL when normalise_phone() gives NULL.';

CREATE FUNCTION tiktokads.hash_external_id(external_id text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.btrim(external_id) ~ '^[0-9A-Fa-f]{64}$' THEN pg_catalog.lower(pg_catalog.btrim(external_id))
	ELSE tiktokads.sha256_hex(nullif(pg_catalog.lower(pg_catalog.btrim(external_id, E' \t\r\n')), '')) END;
COMMENT ON FUNCTION tiktokads.hash_external_id IS 'The company''s id of a person as TikTok matches it: SHA-256, unsalted, of the id trimmed and in lower case. What is hashed already is passed on. NULL when it is NULL or empty.';

CREATE FUNCTION tiktokads.pseudonym(value text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_pseudonym';
COMMENT ON FUNCTION tiktokads.pseudonym(text) IS 'Pseudonym of an identifier: HMAC-SHA256 under the key in use, as key-id:hex. The value is trimmed and its ASCII letters lowered first. NULL for NULL. The keys are in the file of tiktokads.pseudonym_key_file.';
REVOKE ALL ON FUNCTION tiktokads.pseudonym(text) FROM PUBLIC;

CREATE FUNCTION tiktokads.pseudonym(value text, key_id text) RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_pseudonym_with';
COMMENT ON FUNCTION tiktokads.pseudonym(text, text) IS 'Pseudonym under an older key, to find what was stored before a rotation. NULL for NULL; an error when the file has no such key.';
REVOKE ALL ON FUNCTION tiktokads.pseudonym(text, text) FROM PUBLIC;

CREATE FUNCTION tiktokads.pseudonyms(value text) RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_pseudonyms';
COMMENT ON FUNCTION tiktokads.pseudonyms IS 'Pseudonyms of an identifier under every key of the file, the one in use first: column = ANY (tiktokads.pseudonyms(x)) finds it across rotations. NULL for NULL.';
REVOKE ALL ON FUNCTION tiktokads.pseudonyms FROM PUBLIC;
