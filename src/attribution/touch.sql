-- touches from landing events

CREATE FUNCTION tiktokads.touch_word(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN word !~ '^__[A-Z0-9_]+__$' THEN word END;
COMMENT ON FUNCTION tiktokads.touch_word IS 'The word, or NULL for a macro of TikTok that was not substituted, as __CAMPAIGN_ID__. NULL for NULL.';

CREATE FUNCTION tiktokads.touch_id(VARIADIC words text[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT w.word::bigint FROM unnest(words) WITH ORDINALITY AS w (word, place)
	WHERE w.word ~ '^[1-9][0-9]{0,17}$' OR (w.word ~ '^[1-9][0-9]{18}$' AND w.word::numeric <= 9223372036854775807)
	ORDER BY w.place LIMIT 1;
END;
COMMENT ON FUNCTION tiktokads.touch_id IS 'The first of the words that is an id: a positive whole number. NULL when none is.';

CREATE FUNCTION tiktokads.touch_long_id(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN word ~ '^[0-9]{15,19}$' THEN word END;
COMMENT ON FUNCTION tiktokads.touch_long_id IS 'The word when it is as long as ids of TikTok are (15 to 19 digits), so that a UTM parameter with another number is not taken for one; else NULL.';

CREATE FUNCTION tiktokads.touch_from_url(url text,
	OUT ttclid text, OUT campaign_id bigint, OUT adgroup_id bigint, OUT ad_id bigint, OUT placement text,
	OUT utm_source text, OUT utm_medium text, OUT utm_campaign text, OUT utm_content text, OUT utm_term text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT tiktokads.touch_word(tiktokads.url_parameter(url, 'ttclid')),
		tiktokads.touch_id(tiktokads.url_parameter(url, 'campaign_id'), tiktokads.url_parameter(url, 'utm_id'), tiktokads.touch_long_id(u.campaign)),
		tiktokads.touch_id(tiktokads.url_parameter(url, 'adgroup_id'), tiktokads.url_parameter(url, 'aid'), tiktokads.touch_long_id(u.term)),
		tiktokads.touch_id(tiktokads.url_parameter(url, 'ad_id'), tiktokads.url_parameter(url, 'cid'), tiktokads.touch_long_id(u.content)),
		tiktokads.touch_word(tiktokads.url_parameter(url, 'placement')),
		u.source, u.medium, u.campaign, u.content, u.term
	FROM (SELECT tiktokads.touch_word(tiktokads.url_parameter(url, 'utm_source')) AS source,
			tiktokads.touch_word(tiktokads.url_parameter(url, 'utm_medium')) AS medium,
			tiktokads.touch_word(tiktokads.url_parameter(url, 'utm_campaign')) AS campaign,
			tiktokads.touch_word(tiktokads.url_parameter(url, 'utm_content')) AS content,
			tiktokads.touch_word(tiktokads.url_parameter(url, 'utm_term')) AS term) AS u;
END;
COMMENT ON FUNCTION tiktokads.touch_from_url IS 'What a landing page''s address says of the ad: click id (ttclid); campaign (campaign_id, utm_id, or utm_campaign when it is an id), ad group (adgroup_id, aid, utm_term), ad (ad_id, cid, utm_content), placement; UTM parameters. A macro that was not substituted, as __CAMPAIGN_ID__, is NULL, as is all that is missing. No input is an error.';

CREATE FUNCTION tiktokads.touchpoints_derive(from_date date, to_date date) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	from_at timestamptz := from_date::timestamp AT TIME ZONE 'UTC';
	to_at timestamptz := (to_date + 1)::timestamp AT TIME ZONE 'UTC';
	made bigint;
BEGIN
	PERFORM tiktokads.partition_ensure('touchpoint', from_date, to_date);
	INSERT INTO tiktokads.touchpoint AS t
		(person, touch_at, kind, advertiser_id, campaign_id, adgroup_id, ad_id, channel, ttclid, source, touch_id)
	SELECT e.person, e.event_at, 'click', coalesce(a.advertiser_id, e.advertiser_id), coalesce(u.campaign_id, a.campaign_id),
		coalesce(u.adgroup_id, a.adgroup_id), u.ad_id,
		CASE WHEN coalesce(e.ttclid, u.ttclid) IS NOT NULL OR lower(u.utm_source) LIKE 'tiktok%' OR u.utm_source IS NULL THEN 'tiktok'
			ELSE u.utm_source || coalesce(' / ' || u.utm_medium, '') END,
		coalesce(e.ttclid, u.ttclid), e.source, e.event_id
	FROM tiktokads.event AS e
		CROSS JOIN LATERAL tiktokads.touch_from_url(e.url) AS u
		LEFT JOIN (SELECT DISTINCT ON (ad_id) ad_id, advertiser_id, campaign_id, adgroup_id FROM tiktokads.ad ORDER BY ad_id, advertiser_id) AS a
			ON a.ad_id = u.ad_id
	WHERE e.event_at >= from_at AND e.event_at < to_at
		AND (e.ttclid IS NOT NULL OR u.ttclid IS NOT NULL OR u.utm_source IS NOT NULL OR u.ad_id IS NOT NULL OR u.campaign_id IS NOT NULL)
		AND NOT EXISTS (SELECT FROM tiktokads.touchpoint AS o
			WHERE o.source = e.source AND o.touch_id = e.event_id AND o.touch_at = e.event_at)
	ORDER BY e.source, e.event_id, e.event_at
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS made = ROW_COUNT;
	RETURN made;
END;
$$;
COMMENT ON FUNCTION tiktokads.touchpoints_derive IS 'Makes the touches of landing events of these UTC days that are not there yet, as the role that runs it, and returns how many. Call derive_touchpoints() instead, which runs this as tiktokads_worker.';
REVOKE ALL ON FUNCTION tiktokads.touchpoints_derive FROM PUBLIC;

CREATE PROCEDURE tiktokads.derive_touchpoints(from_date date, to_date date)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_derive_touchpoints';
COMMENT ON PROCEDURE tiktokads.derive_touchpoints IS 'Makes touches, of kind click, from landing events of these days (UTC, both included): events with a ttclid, or whose url has one, UTM parameters or ids of TikTok. The ad''s campaign, ad group and account are looked up where the address does not name them. What is there already is left alone, so overlapping calls are harmless. It commits after each month: call it alone. NULL dates are errors.';
REVOKE ALL ON PROCEDURE tiktokads.derive_touchpoints FROM PUBLIC;
