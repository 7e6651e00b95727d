-- money of several currencies, by rates of the user's own

CREATE TABLE tiktokads.currency_rate
(
	from_currency text CHECK (from_currency ~ '^[A-Z]{3}$'),
	to_currency text CHECK (to_currency ~ '^[A-Z]{3}$'),
	rate_date date,
	rate numeric NOT NULL CHECK (rate > 0 AND rate < 'Infinity'),
	PRIMARY KEY (from_currency, to_currency, rate_date),
	CHECK (from_currency <> to_currency)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.currency_rate', '');
COMMENT ON TABLE tiktokads.currency_rate IS 'Exchange rates, yours to fill: from a date on, one unit of from_currency is worth rate units of to_currency.';
COMMENT ON COLUMN tiktokads.currency_rate.from_currency IS 'Currency, ISO 4217.';
COMMENT ON COLUMN tiktokads.currency_rate.to_currency IS 'Currency, ISO 4217.';
COMMENT ON COLUMN tiktokads.currency_rate.rate_date IS 'First day that it holds for; until the next row.';
COMMENT ON COLUMN tiktokads.currency_rate.rate IS 'What one unit of from_currency is worth in to_currency.';

CREATE FUNCTION tiktokads.exchange_rate(from_currency text, to_currency text, on_date date) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN from_currency = to_currency THEN 1 ELSE (
		SELECT r.rate FROM (
			SELECT c.rate_date, c.rate, 1 AS preference FROM tiktokads.currency_rate AS c
			WHERE c.from_currency = exchange_rate.from_currency AND c.to_currency = exchange_rate.to_currency AND c.rate_date <= on_date
			UNION ALL
			SELECT c.rate_date, 1 / c.rate, 2 FROM tiktokads.currency_rate AS c
			WHERE c.from_currency = exchange_rate.to_currency AND c.to_currency = exchange_rate.from_currency AND c.rate_date <= on_date) AS r
		ORDER BY r.rate_date DESC, r.preference LIMIT 1) END;
END;
COMMENT ON FUNCTION tiktokads.exchange_rate IS 'What one unit of a currency was worth in another on a day: the newest rate of tiktokads.currency_rate up to that day, turned round where only the other direction is given; 1 for the same currency. NULL when there is none, or for NULL.';

CREATE FUNCTION tiktokads.convert(amount numeric, from_currency text, to_currency text, on_date date) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
RETURN amount * tiktokads.exchange_rate(from_currency, to_currency, on_date);
COMMENT ON FUNCTION tiktokads.convert IS 'Money of one currency in another, at the rate of a day (exchange_rate()), not rounded. NULL when there is no rate, or for NULL.';

INSERT INTO tiktokads.model_relation (relation, kind, layer, description, definition) VALUES
	('currency_report', 'view', 1, 'Ad accounts by day in every currency that tiktokads.currency_rate leads to: filter on report_currency, then sums over accounts of different currencies are right. Accounts without a rate for a day have NULL there.',
$view$SELECT r.stat_date AS date_day,
	r.advertiser_id,
	r.advertiser_id::text AS advertiser_id_text,
	a.advertiser_name,
	a.currency,
	k.report_currency,
	x.rate AS exchange_rate,
	r.spend * x.rate AS spend,
	(coalesce(r.total_complete_payment_rate, 0) + coalesce(r.total_purchase_value, 0) + coalesce(r.total_onsite_shopping_value, 0)) * x.rate AS conversion_value,
	r.impressions,
	r.clicks,
	r.conversion,
	coalesce(r.stat_date >= a.provisional_from, true) AS provisional
FROM tiktokads.report_advertiser_daily AS r
	LEFT JOIN tiktokads.advertiser_current AS a ON a.advertiser_id = r.advertiser_id
	CROSS JOIN (SELECT c.to_currency AS report_currency FROM tiktokads.currency_rate AS c UNION SELECT c.from_currency FROM tiktokads.currency_rate AS c) AS k
	CROSS JOIN LATERAL (SELECT tiktokads.exchange_rate(a.currency, k.report_currency, r.stat_date) AS rate) AS x$view$);

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('currency_report', 1, 'date_day', 'date', 'Day in the account''s time zone.'),
	('currency_report', 2, 'advertiser_id', 'bigint', 'Ad account.'),
	('currency_report', 3, 'advertiser_id_text', 'text', 'The same as text, for tools that round large numbers.'),
	('currency_report', 4, 'advertiser_name', 'text', 'Name of the ad account; NULL when it is not known.'),
	('currency_report', 5, 'currency', 'text', 'Currency of the account.'),
	('currency_report', 6, 'report_currency', 'text', 'Currency of the money in the row: filter on one.'),
	('currency_report', 7, 'exchange_rate', 'numeric', 'Rate of the day; NULL when there is none.'),
	('currency_report', 8, 'spend', 'numeric', 'Spend in report_currency; NULL without a rate.'),
	('currency_report', 9, 'conversion_value', 'numeric', 'Value of purchases on the website, in the app and in TikTok Shop, in report_currency; NULL without a rate.'),
	('currency_report', 10, 'impressions', 'bigint', 'Times that ads were shown.'),
	('currency_report', 11, 'clicks', 'bigint', 'Clicks to the destination.'),
	('currency_report', 12, 'conversion', 'bigint', 'Times the chosen event happened.'),
	('currency_report', 13, 'provisional', 'boolean', 'True while the day''s numbers may still change.');
