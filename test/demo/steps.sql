-- Funnels: where people are lost between a visit and an order, and TikTok's side of it
--
-- To the visits and orders of the demo's shop come carts and checkouts, and what
-- people held in their hands: every buyer has a cart and a checkout minutes before
-- the order; of the others one in five has a cart after the last visit, and a
-- third of those a checkout.  Everything is drawn from hashes.
\set ON_ERROR_STOP 1
CREATE OR REPLACE FUNCTION pg_temp.draw(seed text) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (hashtextextended(seed, 7) & 1048575) / 1048576.0';
CREATE TEMP TABLE shopper AS
SELECT person, max(event_at) FILTER (WHERE name = 'order') AS order_at, max(event_at) FILTER (WHERE name = 'page_view') AS visit_at
FROM tiktokads.event WHERE source = 'demo' GROUP BY person;
INSERT INTO tiktokads.event (person, event_at, name, source, event_id)
SELECT s.person, CASE WHEN s.order_at IS NOT NULL THEN s.order_at - w.before ELSE s.visit_at + w.after END, w.name, 'demo', w.name || ' ' || s.person
FROM shopper AS s CROSS JOIN (VALUES ('cart', interval '8 minutes', interval '4 minutes', 0.2), ('checkout', '3 minutes', '6 minutes', 0.2 / 3)) AS w (name, before, after, share)
WHERE s.order_at IS NOT NULL OR pg_temp.draw('cart' || s.person) < w.share;
UPDATE tiktokads.event SET properties = jsonb_build_object('device', CASE WHEN pg_temp.draw('device' || event_id) < 0.7 THEN 'phone' ELSE 'desktop' END)
WHERE source = 'demo';
ANALYZE tiktokads.event;

\echo From a visit to an order within a week, each person by the best attempt:
SELECT step, name, people, round(rate_from_previous::numeric, 3) AS of_previous, round(rate_from_first::numeric, 3) AS of_first, drop_off,
	justify_interval(make_interval(secs => round(median_seconds))) AS median, justify_interval(make_interval(secs => round(p90_seconds))) AS p90
FROM tiktokads.funnel('{page_view,cart,checkout,order}', current_date - 29, current_date, win => '7 days');
\echo 'The same by where the attempt began, from the address of the landing page:'
SELECT breakdown AS came_from, max(people) FILTER (WHERE step = 1) AS visited, max(people) FILTER (WHERE step = 2) AS cart, max(people) FILTER (WHERE step = 3) AS checkout,
	max(people) FILTER (WHERE step = 4) AS ordered, round(max(rate_from_first::numeric) FILTER (WHERE step = 4), 3) AS of_visitors
FROM tiktokads.funnel_query(
	$$SELECT e.person, e.event_at AS at, e.name, concat_ws(' / ', u.utm_source, u.utm_medium) AS came_from
	FROM tiktokads.event AS e CROSS JOIN LATERAL tiktokads.touch_from_url(e.url) AS u WHERE e.source = 'demo'$$,
	'{page_view,cart,checkout,order}', win => '7 days', breakdown => 'came_from')
GROUP BY breakdown ORDER BY visited DESC;
\echo 'On one device from the cart to the order, and on whichever is at hand:'
SELECT held.name, held.people AS on_one_device, free.people AS on_any
FROM tiktokads.funnel('{cart,checkout,order}', current_date - 29, current_date, win => '1 hour', options => '{"hold": "device"}') AS held
	JOIN tiktokads.funnel('{cart,checkout,order}', current_date - 29, current_date, win => '1 hour') AS free USING (step) ORDER BY step;
\echo 'How often buyers came before they bought:'
SELECT visits, count(*) AS buyers
FROM (SELECT tiktokads.sequence_count('(?1)', event_at, name = 'page_view') AS visits, tiktokads.sequence_match('(?1).*(?2)', event_at, name = 'page_view', name = 'order') AS bought
	FROM tiktokads.event WHERE source = 'demo' GROUP BY person) AS p
WHERE bought GROUP BY 1 ORDER BY 1;

\echo 'TikTok''s side, from the synced reports: the campaign with the most payments in the last week'
SELECT campaign_name, step, name, events, round(rate_from_previous::numeric, 4) AS of_previous, round(rate_from_first::numeric, 6) AS of_first
FROM (SELECT f.*, max(events) FILTER (WHERE step = 6) OVER (PARTITION BY campaign_id) AS payments FROM tiktokads.campaign_funnel(current_date - 7, current_date - 1) AS f) AS f
ORDER BY payments DESC NULLS LAST, campaign_id, step LIMIT 6;
\echo 'and how far its videos are watched:'
SELECT step, name, events, round(rate_from_previous::numeric, 3) AS of_previous, round(rate_from_first::numeric, 3) AS of_first
FROM tiktokads.video_funnel(current_date - 7, current_date - 1)
WHERE campaign_id = (SELECT campaign_id FROM tiktokads.campaign_funnel(current_date - 7, current_date - 1) WHERE step = 6 ORDER BY events DESC NULLS LAST, campaign_id LIMIT 1)
ORDER BY step;
