-- TikTok's side of the funnel: from the synced daily reports

CREATE FUNCTION tiktokads.campaign_funnel(from_date date, to_date date)
RETURNS TABLE (advertiser_id bigint, campaign_id bigint, campaign_name text, step int, name text, events bigint,
	rate_from_previous float8, rate_from_first float8, drop_off bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY
	SELECT s.advertiser_id, s.campaign_id, c.campaign_name, f.step, f.name, f.events,
		f.events::float8 / nullif(lag(f.events, 1, f.events) OVER w, 0), f.events::float8 / nullif(first_value(f.events) OVER w, 0),
		lag(f.events, 1, f.events) OVER w - f.events
	FROM (SELECT r.advertiser_id, r.campaign_id, sum(r.impressions)::bigint AS impressions, sum(r.clicks)::bigint AS clicks,
				sum(r.total_landing_page_view)::bigint AS landing_page_views, sum(r.web_event_add_to_cart)::bigint AS add_to_cart,
				sum(r.initiate_checkout)::bigint AS initiate_checkout, sum(r.complete_payment)::bigint AS complete_payment
			FROM tiktokads.report_campaign_daily AS r
			WHERE r.stat_date BETWEEN from_date AND to_date
			GROUP BY r.advertiser_id, r.campaign_id) AS s
		LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = s.advertiser_id AND c.campaign_id = s.campaign_id
		CROSS JOIN LATERAL (VALUES
			(1, 'impressions', s.impressions),
			(2, 'clicks', s.clicks),
			(3, 'landing_page_views', s.landing_page_views),
			(4, 'add_to_cart', s.add_to_cart),
			(5, 'initiate_checkout', s.initiate_checkout),
			(6, 'complete_payment', s.complete_payment)) AS f (step, name, events)
	WINDOW w AS (PARTITION BY s.advertiser_id, s.campaign_id ORDER BY f.step)
	ORDER BY s.advertiser_id, s.campaign_id, f.step;
END;
$$;
COMMENT ON FUNCTION tiktokads.campaign_funnel IS
'TikTok''s side of the funnel for each campaign, from the synced daily reports of these days of the account: impressions, clicks, landing page views, the micro-conversions add_to_cart and initiate_checkout, and payments on the website. Numbers of events, not of people: a step can exceed the one before. events is NULL where the metric was not synced; rates are shares from 0 to 1, NULL of nothing; drop_off: how many fewer than the step before. NULL dates: no rows. Needs CALL tiktokads.create_model().';

CREATE FUNCTION tiktokads.video_funnel(from_date date, to_date date)
RETURNS TABLE (advertiser_id bigint, campaign_id bigint, campaign_name text, step int, name text, views bigint,
	rate_from_previous float8, rate_from_first float8, drop_off bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RETURN QUERY
	SELECT s.advertiser_id, s.campaign_id, c.campaign_name, f.step, f.name, f.views,
		f.views::float8 / nullif(lag(f.views, 1, f.views) OVER w, 0), f.views::float8 / nullif(first_value(f.views) OVER w, 0),
		lag(f.views, 1, f.views) OVER w - f.views
	FROM (SELECT r.advertiser_id, r.campaign_id, sum(r.video_play_actions)::bigint AS plays,
				sum(r.video_views_p25)::bigint AS p25, sum(r.video_views_p50)::bigint AS p50,
				sum(r.video_views_p75)::bigint AS p75, sum(r.video_views_p100)::bigint AS p100
			FROM tiktokads.report_campaign_daily AS r
			WHERE r.stat_date BETWEEN from_date AND to_date
			GROUP BY r.advertiser_id, r.campaign_id) AS s
		LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = s.advertiser_id AND c.campaign_id = s.campaign_id
		CROSS JOIN LATERAL (VALUES
			(1, 'plays', s.plays),
			(2, '25 %', s.p25),
			(3, '50 %', s.p50),
			(4, '75 %', s.p75),
			(5, '100 %', s.p100)) AS f (step, name, views)
	WINDOW w AS (PARTITION BY s.advertiser_id, s.campaign_id ORDER BY f.step)
	ORDER BY s.advertiser_id, s.campaign_id, f.step;
END;
$$;
COMMENT ON FUNCTION tiktokads.video_funnel IS
'How far videos were watched, for each campaign, from the synced daily reports of these days of the account: plays, and views of 25, 50, 75 and 100 % of the video. Columns as campaign_funnel().';
