-- people: hashed, erased, exported, kept out; and who may see what
SET client_min_messages = warning;
CALL tiktokads.create_model();
SELECT set_config('tiktokads.clock_offset', (extract(epoch FROM timestamptz '2026-03-15 12:00:00+00') - extract(epoch FROM now()))::int::text, false) IS NOT NULL AS set;
\set VERBOSITY terse

-- normalised as TikTok wants it, with its published vectors
SELECT plain, tiktokads.hash_email(plain) FROM (VALUES ('alice_abc@gmail.com'), (E' Alice_ABC@Gmail.com\n'), ('no address'), ('a@b@c'), (''), (NULL)) AS v (plain);
SELECT plain, country, tiktokads.normalise_phone(plain, country) FROM (VALUES
	('+12133734253', NULL), ('+1 (213) 373-4253', NULL), ('001 213.373.4253', NULL), ('213 373 4253', '1'), ('0171 2345678', '+49'), ('+44 (0)20 7946 0958', NULL),
	('0171 2345678', '0049'), ('2133734253', NULL), ('+0123456789', NULL), ('+123456', NULL), ('+1234567890123456', NULL), ('+1213CALLME', NULL), ('', '1'), (NULL, '1')) AS v (plain, country);
SELECT tiktokads.hash_phone('+1 213 373 4253') AS phone, tiktokads.hash_phone('213-373-4253', '1') = tiktokads.hash_phone('+12133734253') AS same, tiktokads.hash_phone('12') AS none;
SELECT tiktokads.hash_external_id('user_123') AS id, tiktokads.hash_external_id(' USER_123 ') = tiktokads.hash_external_id('user_123') AS same, tiktokads.hash_external_id(' ') AS none;
-- what is hashed already is not hashed again
SELECT tiktokads.hash_email('848A771458438fc2ec420560d769fb9b9b86851ee338ec56517baabd79d3bb4f');
-- HMAC has no more to do with the plain hash than with the value
SELECT tiktokads.pseudonym('Anna@Example.com ') = tiktokads.pseudonym('anna@example.com') AS normalised, tiktokads.pseudonym(NULL) AS none,
	tiktokads.pseudonym('anna@example.com') ~ '^k1:[0-9a-f]{64}$' AS form, tiktokads.pseudonyms('x') = ARRAY[tiktokads.pseudonym('x')] AS all_keys,
	tiktokads.pseudonym('x', 'k1') = tiktokads.pseudonym('x') AS by_name, tiktokads.pseudonym('anna') <> 'k1:' || tiktokads.sha256_hex('anna') AS keyed;
SELECT tiktokads.pseudonym('x', 'k2');

-- the registry knows every column of the model and of the extension's own tables
SELECT * FROM tiktokads.unregistered_column;
-- and a column or table that comes without a word is found
CREATE TABLE tiktokads.lead (lead_id bigint PRIMARY KEY, first_name text);
ALTER TABLE tiktokads.event ADD COLUMN ip_address inet, ADD COLUMN remark text, ADD COLUMN amount bigint;
SELECT * FROM tiktokads.unregistered_column ORDER BY 1, 2;
DROP TABLE tiktokads.lead;
ALTER TABLE tiktokads.event DROP COLUMN ip_address, DROP COLUMN remark, DROP COLUMN amount;
-- every registered column of a table is one that erasure can empty, and its table was decided on
SELECT p.relation, p.column_name FROM tiktokads.personal_column AS p LEFT JOIN tiktokads.personal_relation AS d ON d.relation = p.relation AND d.on_erasure IS NOT NULL WHERE d.relation IS NULL;

-- three people, in every kind of place
SELECT tiktokads.partition_ensure('event', '2026-01-01', '2026-03-31') IS NOT NULL AS made;
INSERT INTO tiktokads.event (source, event_id, event_at, person, name, advertiser_id, url, properties)
SELECT 'web', p || '-' || n, timestamptz '2026-01-31 12:00:00+00' + n * interval '1 day', p, 'view', 1, 'https://shop.example/?mail=' || p, '{"k": 1}'
FROM (VALUES ('anna@example.com'), ('ben'), (tiktokads.hash_email('anna@example.com'))) AS v (p), generate_series(1, 4) AS n;
INSERT INTO tiktokads.advertiser (advertiser_id, name, email, contacter, cellphone_number, currency) VALUES
	(1, 'Shop', 'anna@example.com', 'Anna Ahn', '+491712345678', 'EUR'), (2, 'Other', 'ben@example.com', 'Ben', NULL, 'EUR');
INSERT INTO tiktokads.ad (advertiser_id, ad_id, ad_name, identity_id, display_name, phone_number) VALUES (1, 1, 'Spring', 'anna@example.com', 'anna.cooks', NULL), (1, 2, 'Autumn', 'x', 'shop', '+491712345678');

-- export: all rows, by any form, with purposes
SELECT t.key AS relation, jsonb_array_length(t.value -> 'rows') AS rows, t.value ->> 'purpose' <> '' AS purpose
FROM jsonb_each(tiktokads.export_subject('ANNA@example.com') -> 'tables') AS t ORDER BY 1;
SELECT tiktokads.export_subject('anna@example.com') -> 'tables' -> 'advertiser' -> 'rows' -> 0 ->> 'contacter' AS contacter;
SELECT e ->> 'rows' AS rows, e ->> 'erased' AS erased FROM tiktokads.export_subject('nobody') AS e;
SELECT tiktokads.export_subject('  ');
SELECT tiktokads.export_subject(NULL);

-- erase: what is refused
SELECT tiktokads.erase_subject('anna@example.com', NULL);
SELECT tiktokads.erase_subject('anna@example.com', ' ');
SELECT tiktokads.erase_subject(NULL, 'request 7');
SELECT tiktokads.erase_subject('ben', 'write to ben@example.com');
SELECT tiktokads.erase_subject('customer-4711', 'Customer-4711 called');
SELECT count(*) AS erasures FROM tiktokads.erasure;
-- a dry run counts and leaves everything
SELECT c ->> 'rows' AS rows, c ->> 'dry_run' AS dry_run, c ->> 'erasure' AS erasure, c -> 'tables' -> 'event' ->> 'rows' AS events FROM tiktokads.erase_subject('anna@example.com', 'request 7', true) AS c;
SELECT (SELECT count(*) FROM tiktokads.event) AS events, (SELECT count(*) FROM tiktokads.erased_subject) AS tombstones, (SELECT count(*) FROM tiktokads.purge_log) AS log;
-- the certificate; advertiser and ad keep their rows
SELECT c ->> 'erasure' AS erasure, c ->> 'rows' AS rows, c ->> 'held' AS held, c ->> 'first_time' AS first_time, jsonb_pretty((c -> 'tables') #- '{event,bytes}' #- '{ad,bytes}' #- '{advertiser,bytes}' #- '{adgroup,bytes}') AS tables
FROM tiktokads.erase_subject('anna@example.com', 'request 7') AS c;
SELECT person, count(*) FROM tiktokads.event GROUP BY 1;
SELECT advertiser_id, name, currency, email, contacter, cellphone_number FROM tiktokads.advertiser ORDER BY 1;
SELECT ad_id, ad_name, identity_id, display_name, phone_number FROM tiktokads.ad ORDER BY 1;
SELECT action, policy, relation, rows, certificate - 'bytes' AS certificate FROM tiktokads.purge_log ORDER BY seq;
SELECT * FROM tiktokads.verify_purge_log();
-- neither the log nor the tombstones nor the erasure name anybody
SELECT count(*) AS named FROM (SELECT l::text FROM tiktokads.purge_log AS l UNION ALL SELECT e::text FROM tiktokads.erasure AS e UNION ALL SELECT s::text FROM tiktokads.erased_subject AS s) AS t (content)
WHERE content ILIKE '%anna%' OR content LIKE '%' || tiktokads.hash_email('anna@example.com') || '%';
-- again: the same erasure, nothing more to do, nothing more on record
SELECT c ->> 'erasure' AS erasure, c ->> 'rows' AS rows, c ->> 'first_time' AS first_time FROM tiktokads.erase_subject(' Anna@Example.COM', 'request 8') AS c;
SELECT count(*) AS erasures, (SELECT count(*) FROM tiktokads.purge_log) AS log FROM tiktokads.erasure;
-- somebody of whom nothing is stored: on record all the same
SELECT c ->> 'rows' AS rows FROM tiktokads.erase_subject('+49 171 999 88 77', 'request 9') AS c;
SELECT policy, relation, rows FROM tiktokads.purge_log ORDER BY seq DESC LIMIT 1;

-- they do not come back: in any form, by INSERT, COPY, UPDATE or upsert
INSERT INTO tiktokads.event (source, event_id, event_at, person, name) VALUES
	('web', 'a', '2026-03-01 00:00:00+00', 'anna@example.com', 'view'), ('web', 'b', '2026-03-01 00:00:00+00', ' ANNA@example.com', 'view'),
	('web', 'c', '2026-03-01 00:00:00+00', tiktokads.hash_email('anna@example.com'), 'view'), ('web', 'd', '2026-03-01 00:00:00+00', tiktokads.pseudonym('anna@example.com'), 'view'),
	('web', 'e', '2026-03-01 00:00:00+00', '+49 (171) 999-8877', 'view'), ('web', 'f', '2026-03-01 00:00:00+00', 'carla', 'view'), ('web', 'g', '2026-03-01 00:00:00+00', NULL, 'view');
COPY tiktokads.event (source, event_id, event_at, person, name) FROM STDIN;
web	h	2026-03-02 00:00:00+00	anna@example.com	view
web	i	2026-03-02 00:00:00+00	dora	view
\.
UPDATE tiktokads.event SET person = 'anna@example.com' WHERE person = 'carla';
SELECT tiktokads.partition_ensure('event', '2026-04-01', '2026-04-30') AS made;
INSERT INTO tiktokads.event (source, event_id, event_at, person, name) VALUES ('web', 'j', '2026-04-01 00:00:00+00', 'anna@example.com', 'view'), ('web', 'k', '2026-04-01 00:00:00+00', 'carla', 'view');
SELECT event_id, person FROM tiktokads.event WHERE event_id ~ '^.$' ORDER BY 1;
INSERT INTO tiktokads.advertiser (advertiser_id, name, email, contacter) VALUES (1, 'Shop', 'anna@example.com', 'Anna Ahn'), (3, 'Third', 'anna@example.com', 'Anna Ahn')
ON CONFLICT (advertiser_id) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email, contacter = EXCLUDED.contacter;
SELECT advertiser_id, name, email, contacter FROM tiktokads.advertiser ORDER BY 1;

-- a restore brings them back: reapply_erasures() takes them out again
SET session_replication_role = replica;
ALTER TABLE tiktokads.event DISABLE TRIGGER tiktokads_guard;
INSERT INTO tiktokads.event (source, event_id, event_at, person, name) VALUES ('web', 'l', '2026-03-01 00:00:00+00', 'Anna@example.com', 'view'), ('web', 'm', '2026-03-01 00:00:00+00', '+49 171 9998877', 'view');
ALTER TABLE tiktokads.event ENABLE ALWAYS TRIGGER tiktokads_guard;
RESET session_replication_role;
SELECT c ->> 'rows' AS rows, c -> 'tables' -> 'event' ->> 'rows' AS events FROM tiktokads.reapply_erasures() AS c;
SELECT c ->> 'rows' AS rows FROM tiktokads.reapply_erasures() AS c;
-- with tombstones of a younger copy
SELECT c ->> 'rows' AS rows FROM tiktokads.reapply_erasures(ARRAY[tiktokads.pseudonym('ben')]) AS c;
SELECT count(*) FROM tiktokads.event WHERE person = 'ben';
SELECT tiktokads.reapply_erasures(ARRAY['ben']);
SELECT * FROM tiktokads.verify_purge_log();

-- holds: on a person, on days, released
INSERT INTO tiktokads.event (source, event_id, event_at, person, name, advertiser_id)
SELECT 'web', 'emil-' || n, timestamptz '2026-02-01 00:00:00+00' + n * interval '1 day', 'emil', 'view', n % 2 FROM generate_series(0, 9) AS n;
SELECT tiktokads.place_hold(person => 'Emil ', reason => 'case 1') AS hold \gset
SELECT tiktokads.erase_subject('emil', 'request 10');
SELECT c ->> 'held' AS held FROM tiktokads.erase_subject('emil', 'request 10', true) AS c;
SELECT tiktokads.set_retention('tiktokads.event', '10 days');
CALL tiktokads.apply_retention();
SELECT person, count(*) FROM tiktokads.event WHERE event_at < '2026-03-01' GROUP BY 1;
SELECT tiktokads.remove_retention('tiktokads.event');
SELECT tiktokads.release_hold(:hold);
SELECT person, released_by = session_user AS released FROM tiktokads.legal_hold;
SELECT tiktokads.place_hold(advertiser_id => 1, from_date => '2026-02-03', to_date => '2026-02-06', reason => 'case 2') AS hold \gset
SELECT c ->> 'rows' AS rows, c ->> 'held' AS held FROM tiktokads.erase_subject('emil', 'request 10') AS c;
SELECT event_id FROM tiktokads.event WHERE person = 'emil' ORDER BY 1;
SELECT tiktokads.release_hold(:hold);
SELECT c ->> 'rows' AS rows FROM tiktokads.reapply_erasures() AS c;

-- anonymise by age: rows stay, people go
INSERT INTO tiktokads.event (source, event_id, event_at, person, session, name, url, value, currency, properties) VALUES
	('web', 'old', '2026-02-01 00:00:00+00', 'finn', 's1', 'purchase', 'https://shop.example', 10, 'EUR', '{"mail": "finn@example.com"}'),
	('web', 'new', '2026-03-14 00:00:00+00', 'finn', 's2', 'purchase', 'https://shop.example', 20, 'EUR', '{}');
SELECT tiktokads.set_retention('tiktokads.event', '30 days', action => 'anonymise');
CALL tiktokads.apply_retention();
SELECT event_id, person, session, name, url, value, currency, properties FROM tiktokads.event WHERE event_id IN ('old', 'new') ORDER BY 1;
SELECT action, partition, rows FROM tiktokads.purge_log ORDER BY seq DESC LIMIT 1;
SELECT count(*) AS before FROM tiktokads.purge_log \gset
CALL tiktokads.apply_retention();
SELECT count(*) - :before AS more FROM tiktokads.purge_log;
SELECT tiktokads.remove_retention('tiktokads.event');

-- masked view: equal people, equal hashes, no identifier and no free text
SELECT attname FROM pg_attribute WHERE attrelid = 'tiktokads.event_masked'::regclass AND attnum > 0 ORDER BY attnum;
SELECT count(DISTINCT person) = (SELECT count(DISTINCT person) FROM tiktokads.event) AS as_many, bool_and(person ~ '^[0-9a-f]{64}$') AS hashes, count(*) FILTER (WHERE person IS NULL) AS nulls
FROM tiktokads.event_masked;

-- rights; what counts people counts as many of them for who may not read who they are
INSERT INTO tiktokads.conversion_event (name) VALUES ('order');
SELECT tiktokads.partition_ensure('touchpoint', '2026-03-01', '2026-03-31');
INSERT INTO tiktokads.event (source, event_id, event_at, person, name, value, currency, advertiser_id, order_id)
SELECT 'web', 'order-' || n, '2026-03-15 12:00:00+00', 'person ' || n, 'order', n, 'EUR', 1, 'order ' || n FROM generate_series(1, 6) AS n;
INSERT INTO tiktokads.event (source, event_id, event_at, person, name, advertiser_id)
SELECT 'web', 'cart-' || n, '2026-03-15 11:00:00+00', 'person ' || n, 'cart', 1 FROM generate_series(1, 9) AS n;
INSERT INTO tiktokads.touchpoint (source, touch_id, touch_at, person, kind, advertiser_id, campaign_id, channel)
SELECT 'web', n || ' ' || c, '2026-03-15 10:00:00+00', 'person ' || n, 'click', 1, c, 'tiktok' FROM generate_series(1, 4) AS n, generate_series(1, n) AS c;
SELECT entity_id, name, conversions, value FROM tiktokads.attribution('linear', '2026-03-15', '2026-03-15')
UNION ALL SELECT step, name, people, rate_from_first::numeric FROM tiktokads.funnel('{cart,order}', '2026-03-15', '2026-03-15');
CREATE ROLE regress_analyst IN ROLE tiktokads_analyst ROLE CURRENT_USER;
CREATE ROLE regress_privacy IN ROLE tiktokads_privacy ROLE CURRENT_USER;
SET ROLE regress_analyst;
SELECT count(*) AS masked, (SELECT count(*) FROM tiktokads.event) AS facts FROM tiktokads.event_masked;
RESET ROLE;
SELECT tiktokads.grant_advertiser('regress_analyst', 1);
INSERT INTO tiktokads.event (source, event_id, event_at, person, name, advertiser_id) SELECT 'web', 'gina-' || a, '2026-03-14 00:00:00+00', 'gina', 'view', a FROM generate_series(1, 2) AS a;
SET ROLE regress_analyst;
SELECT entity_id, name, conversions, value FROM tiktokads.attribution('linear', '2026-03-15', '2026-03-15')
UNION ALL SELECT step, name, people, rate_from_first::numeric FROM tiktokads.funnel('{cart,order}', '2026-03-15', '2026-03-15');
SELECT string_agg(column_name, ',' ORDER BY ordinal_position) AS columns FROM information_schema.columns WHERE table_schema = 'tiktokads' AND table_name = 'conversion_masked';
SELECT person ~ '^[0-9a-f]{64}$' AS person, order_id ~ '^[0-9a-f]{64}$' AS order_id, value FROM tiktokads.conversion_masked ORDER BY value LIMIT 1;
-- hashes, of the ad accounts that were granted
SELECT event_id, person ~ '^[0-9a-f]{64}$' AS hash FROM tiktokads.event_masked WHERE event_id LIKE 'gina%';
SELECT event_id, name FROM tiktokads.event WHERE event_id LIKE 'gina%';
SELECT (SELECT count(*) FROM tiktokads.event_masked WHERE event_id = 'gina-2') AS masked, (SELECT count(*) FROM tiktokads.event WHERE event_id = 'gina-2') AS facts;
SELECT count(*) FROM tiktokads.report_ad_daily;
SELECT count(*) FROM tiktokads.campaign_report;
SELECT * FROM tiktokads.conversion;
SELECT name, currency FROM tiktokads.advertiser WHERE advertiser_id = 1;
SELECT person FROM tiktokads.event;
SELECT * FROM tiktokads.event;
SELECT 1 AS one FROM tiktokads.event WHERE url LIKE '%gina%' OR properties IS NOT NULL;
SELECT ttclid FROM tiktokads.event;
SELECT email FROM tiktokads.advertiser;
SELECT identity_id FROM tiktokads.ad;
SELECT extra FROM tiktokads.adgroup;
SELECT * FROM tiktokads.mask_key;
SELECT * FROM tiktokads.connection;
SELECT * FROM tiktokads.legal_hold;
SELECT tiktokads.pseudonym('finn');
SELECT tiktokads.pseudonyms('finn');
SELECT * FROM tiktokads.retention_plan();
SELECT tiktokads.erase_subject('finn', 'request 11');
SELECT tiktokads.export_subject('finn');
SELECT tiktokads.place_hold(advertiser_id => 1, reason => 'x');
CALL tiktokads.apply_retention();
SET ROLE regress_privacy;
SELECT jsonb_array_length(tiktokads.export_subject('finn') -> 'tables' -> 'event' -> 'rows') AS rows;
SELECT tiktokads.place_hold(person => 'finn', reason => 'case 3') AS hold \gset
SELECT tiktokads.release_hold(:hold);
SELECT c ->> 'rows' AS rows, c ->> 'as' AS acted_as FROM tiktokads.erase_subject('finn', 'request 11') AS c;
SELECT role FROM tiktokads.purge_log ORDER BY seq DESC LIMIT 1;
SELECT tiktokads.set_retention('tiktokads.report_ad_daily', '25 months');
CALL tiktokads.apply_retention();
SELECT * FROM tiktokads.verify_purge_log();
SELECT count(*) FROM tiktokads.retention_plan();
SELECT * FROM tiktokads.connection;
SELECT * FROM tiktokads.mask_key;
DELETE FROM tiktokads.event;
UPDATE tiktokads.legal_hold SET released_at = now();
INSERT INTO tiktokads.purge_log SELECT * FROM tiktokads.purge_log;
SELECT tiktokads.subject_erase('ben', 'request', false, 'somebody');
SELECT tiktokads.purge_record('somebody', 'drop', NULL, NULL, NULL, NULL, NULL, 0, false, 0, NULL);
RESET ROLE;
-- what is registered later is taken from analysts, and given to them when it is not personal after all
ALTER TABLE tiktokads.event ADD COLUMN device text;
ALTER TABLE tiktokads.campaign ADD COLUMN owner_name text;
CALL tiktokads.create_model();
SELECT has_column_privilege('regress_analyst', 'tiktokads.event', 'device', 'SELECT') AS device, has_table_privilege('regress_analyst', 'tiktokads.campaign', 'SELECT') AS campaign;
INSERT INTO tiktokads.personal_column (relation, column_name, category) VALUES ('event', 'device', 'device'), ('campaign', 'owner_name', 'contact');
CALL tiktokads.create_model();
SELECT has_column_privilege('regress_analyst', 'tiktokads.event', 'device', 'SELECT') AS device, has_column_privilege('regress_analyst', 'tiktokads.event', 'name', 'SELECT') AS name,
	has_column_privilege('regress_analyst', 'tiktokads.campaign', 'owner_name', 'SELECT') AS owner_name, has_column_privilege('regress_analyst', 'tiktokads.campaign', 'campaign_name', 'SELECT') AS campaign_name;
SELECT * FROM tiktokads.role_privileges() WHERE NOT held;
DELETE FROM tiktokads.personal_column WHERE NOT shipped;
CALL tiktokads.create_model();
SELECT has_column_privilege('regress_analyst', 'tiktokads.event', 'device', 'SELECT') AS device, has_table_privilege('regress_analyst', 'tiktokads.campaign', 'SELECT') AS campaign;
ALTER TABLE tiktokads.event DROP COLUMN device;
ALTER TABLE tiktokads.campaign DROP COLUMN owner_name;
-- nothing that is withheld is held, no personal column is among what an analyst reads, and no view that they read shows one
SELECT * FROM tiktokads.role_withheld() WHERE held;
SELECT p.relation, p.column_name FROM tiktokads.personal_column AS p JOIN pg_attribute AS a ON a.attrelid = to_regclass('tiktokads.' || p.relation) AND a.attname = p.column_name
WHERE has_column_privilege('regress_analyst', a.attrelid, a.attnum, 'SELECT');
SELECT DISTINCT w.ev_class::regclass AS view, p.column_name FROM pg_depend AS d JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
	JOIN pg_class AS v ON v.oid = w.ev_class AND v.relkind = 'v' AND has_any_column_privilege('regress_analyst', v.oid, 'SELECT')
	JOIN pg_attribute AS a ON d.refclassid = 'pg_class'::regclass AND a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
	JOIN tiktokads.personal_column AS p ON to_regclass('tiktokads.' || p.relation) = a.attrelid AND p.column_name = a.attname
WHERE v.relname NOT LIKE '%\_masked';
DROP ROLE regress_analyst, regress_privacy;
-- nobody else may call what removes, holds or shows
SELECT p.proname FROM pg_proc AS p
WHERE p.pronamespace = 'tiktokads'::regnamespace AND p.provolatile = 'v' AND has_function_privilege('public', p.oid, 'EXECUTE') AND p.proname ~ '(retention|hold|erase|subject|purge|expired|guard|tombstone)';
