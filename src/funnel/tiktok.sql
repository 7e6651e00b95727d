-- TikTok's side of the funnel: from the synced daily reports

CREATE FUNCTION tiktokads.report_funnel(from_date date, to_date date, names text[], metrics text[])
RETURNS TABLE (advertiser_id bigint, campaign_id bigint, campaign_name text, step int, name text, events bigint,
	rate_from_previous float8, rate_from_first float8, drop_off bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	sums text := (SELECT string_agg(format('sum(r.%I)::bigint', m), ', ' ORDER BY n) FROM unnest(metrics) WITH ORDINALITY AS u (m, n));
BEGIN
	IF cardinality(names) IS DISTINCT FROM cardinality(metrics) OR cardinality(metrics) = 0 THEN
		RAISE EXCEPTION 'a report funnel needs metrics, and a name for each'
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN QUERY EXECUTE format($q$
		SELECT s.advertiser_id, s.campaign_id, c.campaign_name, f.step::int, f.name, f.events,
			f.events::float8 / nullif(lag(f.events, 1, f.events) OVER w, 0), f.events::float8 / nullif(first_value(f.events) OVER w, 0),
			lag(f.events, 1, f.events) OVER w - f.events
		FROM (SELECT r.advertiser_id, r.campaign_id, ARRAY[%s] AS events
				FROM tiktokads.report_campaign_daily AS r
				WHERE r.stat_date BETWEEN $1 AND $2
				GROUP BY r.advertiser_id, r.campaign_id) AS s
			LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = s.advertiser_id AND c.campaign_id = s.campaign_id
			CROSS JOIN LATERAL unnest($3, s.events) WITH ORDINALITY AS f (name, events, step)
		WINDOW w AS (PARTITION BY s.advertiser_id, s.campaign_id ORDER BY f.step)
		ORDER BY s.advertiser_id, s.campaign_id, f.step$q$, sums)
	USING from_date, to_date, names;
END;
$$;
COMMENT ON FUNCTION tiktokads.report_funnel IS
'A funnel of metrics for each campaign, from the synced daily reports of these days of the account: metrics are columns of report_campaign_daily that may be added up, names what to call them. These are numbers of events, not of people: a step can exceed the one before. events is NULL where the metric was not synced; rates are shares from 0 to 1, NULL of nothing; drop_off: how many fewer than the step before. NULL dates: no rows. Needs CALL tiktokads.create_model(); runs with the caller''s rights.';

CREATE FUNCTION tiktokads.campaign_funnel(from_date date, to_date date)
RETURNS TABLE (advertiser_id bigint, campaign_id bigint, campaign_name text, step int, name text, events bigint,
	rate_from_previous float8, rate_from_first float8, drop_off bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT f.advertiser_id, f.campaign_id, f.campaign_name, f.step, f.name, f.events, f.rate_from_previous, f.rate_from_first, f.drop_off
	FROM tiktokads.report_funnel(from_date, to_date,
		'{impressions,clicks,landing_page_views,add_to_cart,initiate_checkout,complete_payment}',
		'{impressions,clicks,total_landing_page_view,web_event_add_to_cart,initiate_checkout,complete_payment}') AS f;
END;
COMMENT ON FUNCTION tiktokads.campaign_funnel IS
'TikTok''s side of the funnel for each campaign: impressions, clicks, landing page views, the micro-conversions add_to_cart and initiate_checkout, and payments on the website. See report_funnel.';

CREATE FUNCTION tiktokads.video_funnel(from_date date, to_date date)
RETURNS TABLE (advertiser_id bigint, campaign_id bigint, campaign_name text, step int, name text, events bigint,
	rate_from_previous float8, rate_from_first float8, drop_off bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT f.advertiser_id, f.campaign_id, f.campaign_name, f.step, f.name, f.events, f.rate_from_previous, f.rate_from_first, f.drop_off
	FROM tiktokads.report_funnel(from_date, to_date, '{plays,25 %,50 %,75 %,100 %}',
		'{video_play_actions,video_views_p25,video_views_p50,video_views_p75,video_views_p100}') AS f;
END;
COMMENT ON FUNCTION tiktokads.video_funnel IS
'How far videos were watched, for each campaign: plays, and views of 25, 50, 75 and 100 % of the video. See report_funnel.';
