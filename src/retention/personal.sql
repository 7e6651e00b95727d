-- where personal data is: the rows of the registry, and what is shown instead of it

INSERT INTO tiktokads.personal_column (relation, column_name, identifies, category, mask, shipped) VALUES
	('advertiser', 'email', true, 'contact', 'hide', true),
	('advertiser', 'cellphone_number', true, 'contact', 'hide', true),
	('advertiser', 'telephone_number', true, 'contact', 'hide', true),
	('advertiser', 'contacter', false, 'contact', 'hide', true),
	('advertiser', 'address', false, 'contact', 'hide', true),
	('advertiser', 'license_no', false, 'other', 'hide', true),
	('advertiser', 'license_url', false, 'other', 'hide', true),
	('advertiser', 'extra', false, 'free text', 'hide', true),
	('adgroup', 'phone_number', true, 'contact', 'hide', true),
	('adgroup', 'message_app_account_id', true, 'contact', 'hide', true),
	('adgroup', 'identity_id', true, 'identifier', 'hide', true),
	('adgroup', 'extra', false, 'free text', 'hide', true),
	('ad', 'phone_number', true, 'contact', 'hide', true),
	('ad', 'identity_id', true, 'identifier', 'hide', true),
	('ad', 'display_name', false, 'identifier', 'hide', true),
	('ad', 'avatar_icon_web_uri', false, 'other', 'hide', true),
	('ad', 'profile_image_url', false, 'other', 'hide', true),
	('ad', 'extra', false, 'free text', 'hide', true),
	('event', 'person', true, 'identifier', 'hash', true),
	('event', 'session', false, 'device', 'hash', true),
	('event', 'ttclid', false, 'device', 'hash', true),
	('event', 'order_id', false, 'identifier', 'hash', true),
	('event', 'url', false, 'free text', 'hide', true),
	('event', 'properties', false, 'free text', 'hide', true),
	('touchpoint', 'person', true, 'identifier', 'hash', true),
	('touchpoint', 'ttclid', false, 'device', 'hash', true),
	('identity', 'identity_id', true, 'identifier', 'hide', true),
	('identity', 'display_name', false, 'identifier', 'hide', true),
	('identity', 'profile_image_url', false, 'other', 'hide', true),
	('identity', 'extra', false, 'free text', 'hide', true),
	('creative_music', 'author', true, 'identifier', 'hide', true),
	('smart_plus_ad', 'creative_list', false, 'free text', 'hide', true),
	('smart_plus_ad', 'extra', false, 'free text', 'hide', true);

INSERT INTO tiktokads.personal_relation (relation, on_erasure, free_columns, purpose, recipients, shipped) VALUES
	('advertiser', 'anonymise', '{name,currency,display_timezone,timezone,status,role,rejection_reason,company,industry,country,
		advertiser_account_type,language,description,promotion_area,promotion_center_province,promotion_center_city,license_city,
		license_province,brand,connection}', 'Contact of an ad account, as the Ads API tells it.', 'TikTok, where it comes from', true),
	('campaign', NULL, '{campaign_system_origin,campaign_name,campaign_type,postback_window_mode,budget_mode,rta_id,secondary_status,
		operation_status,objective,objective_type,app_promotion_type,virtual_objective_type,sales_destination,campaign_product_source,
		bid_type,deep_bid_type,optimization_goal,bid_align_type,campaign_app_profile_page_state,special_industries,rf_campaign_type,
		po_number,campaign_automation_type,extra}', NULL, NULL, true),
	('adgroup', 'anonymise', '{campaign_name,campaign_system_origin,adgroup_name,promotion_type,shopping_ads_type,identity_type,
		product_source,promotion_target_type,message_app_type,phone_region_code,phone_region_calling_code,promotion_website_type,app_type,
		app_download_url,optimization_event,app_config,deep_funnel_optimization_status,deep_funnel_event_source,
		deep_funnel_event_source_id,deep_funnel_optimization_event,placement_type,placements,tiktok_subplacements,blocked_pangle_app_ids,
		audience_type,audience_rule,shopping_ads_retargeting_type,included_custom_actions,excluded_custom_actions,
		shopping_ads_retargeting_custom_audience_relation,location_ids,zipcode_ids,languages,gender,age_groups,spending_power,
		household_income,audience_ids,excluded_audience_ids,interest_category_ids,interest_keyword_ids,purchase_intention_keyword_ids,
		actions,included_pangle_audience_package_ids,excluded_pangle_audience_package_ids,operating_systems,min_android_version,
		ios14_targeting,min_ios_version,ios14_quota_type,device_model_ids,network_types,carrier_ids,isp_ids,saved_audience_id,
		contextual_tag_ids,brand_safety_type,brand_safety_partner,category_exclusion_ids,vertical_sensitive_id,budget_mode,schedule_type,
		discount_type,schedule_infos,delivery_mode,dayparting,optimization_goal,secondary_optimization_event,message_event_set_id,bid_type,
		deep_bid_type,vbo_window,bid_display_mode,cpv_video_duration,click_attribution_window,engaged_view_attribution_window,
		view_attribution_window,attribution_event_count,billing_event,pacing,operation_status,secondary_status,statistic_type,
		creative_material_mode,adgroup_app_profile_page_state,feed_type,rf_purchased_type,split_test_group_id,split_test_status,keywords,
		conversion_window}', 'Telephone, messaging account and identity that ads show.', 'TikTok, where it comes from', true),
	('ad', 'anonymise', '{campaign_name,campaign_system_origin,adgroup_name,ad_name,identity_type,product_specific_type,item_group_ids,
		product_set_id,sku_ids,showcase_products,ad_format,vertical_video_strategy,dynamic_format,video_id,image_ids,item_duet_status,
		item_stitch_status,dark_post_status,shopping_ads_video_package_id,ad_text,ad_texts,call_to_action,landing_page_url,utm_params,
		cpp_url,tiktok_page_category,phone_region_code,phone_region_calling_code,deeplink,deeplink_type,deeplink_format_type,
		shopping_ads_deeplink_type,deeplink_utm_params,shopping_ads_fallback_type,fallback_type,dynamic_destination,auto_message_id,
		aigc_disclosure_type,disclaimer_type,disclaimer_text,disclaimer_clickable_texts,tracking_offline_event_set_ids,
		tracking_message_event_set_id,viewability_postbid_partner,viewability_vast_url,brand_safety_postbid_partner,
		brand_safety_vast_url,impression_tracking_url,click_tracking_url,playable_url,video_view_tracking_url,operation_status,
		secondary_status,creative_type,app_name,optimization_event,landing_page_urls}',
		'Identity under which an ad appears, such as a creator''s account, and its telephone.', 'TikTok, where it comes from', true),
	('event', 'delete', '{name,source,event_id,currency}', 'Attribution and funnels: which ads lead to what.', NULL, true),
	('touchpoint', 'delete', '{source,touch_id,channel,kind}', 'Attribution: which ads a person met.', NULL, true),
	('identity', 'anonymise', '{identity_type,available_status}', 'Accounts under whose name ads appear, such as a creator''s.', 'TikTok, where it comes from', true),
	('creative_music', 'anonymise', '{music_id,material_id,name,sources,style,file_name,cover_url,url,signature,copyright,extra}',
		'Music that ads may use, with the name of its author.', 'TikTok, where it comes from', true),
	-- TikTok gives no column by which a person could be found here; what may hold one is kept from analysts
	('smart_plus_ad', 'anonymise', '{ad_name,operation_status,secondary_status}', NULL, 'TikTok, where it comes from', true),
	-- the identifiers of people under a hold; they are forgotten when it is released
	('legal_hold', NULL, '{person,reason,placed_by,placed_as,released_by,released_as,release_reason}', NULL, NULL, true),
	('metric', NULL, '{metric,type,family,kind,least_level,unique_user,gmv_max_by,description}', NULL, NULL, true),
	('finding', NULL, '{kind,severity,connection,stream,subject,message,hint}', NULL, NULL, true);

-- what an ad account had before is as personal as what it has
INSERT INTO tiktokads.personal_column (relation, column_name, identifies, category, mask, shipped)
SELECT p.relation || '_history', p.column_name, p.identifies, p.category, p.mask, p.shipped
FROM tiktokads.personal_column AS p WHERE p.relation IN ('advertiser', 'adgroup', 'ad');

INSERT INTO tiktokads.personal_relation (relation, on_erasure, free_columns, purpose, recipients, shipped)
SELECT p.relation || '_history', p.on_erasure, p.free_columns || '{change,changed}'::name[], p.purpose, p.recipients, p.shipped
FROM tiktokads.personal_relation AS p WHERE p.relation IN ('advertiser', 'campaign', 'adgroup', 'ad');

-- settings and bookkeeping: whole tables without personal data, beyond names of roles
INSERT INTO tiktokads.personal_relation (relation, shipped)
SELECT r.relation, true
FROM pg_catalog.unnest('{advertiser_grant,anomaly,anomaly_age,anomaly_completeness,anomaly_detector_override,anomaly_detector_shipped,
	anomaly_entity_state,anomaly_holiday,anomaly_label,anomaly_mute,anomaly_progress,anomaly_signal,attribution_window,backfill_request,breakdown,
	connection,connection_state,conversion_event,credential,currency_rate,endpoint_pause,erased_key,erased_subject,erasure,expired_range,hook,job,mask_key,
	metric_refused,model_column,model_relation,model_state,model_step,pacing_budget,page_hash,pending_removal,personal_column,
	personal_relation,purge_log,purge_log_head,report_metric,report_task,report_task_refused,restatement_override,restatement_shipped,
	retention_default,retention_override,role_rule,stream_added,stream_degraded,
	stream_override,stream_shipped,sync_counter,sync_history,sync_read,sync_state,sync_task}'::name[]) AS r (relation);

-- lists of TikTok's and of the ad account's, of things and not of people
INSERT INTO tiktokads.personal_relation (relation, free_columns, shipped) VALUES
	('creative_image', '{extra,file_name,format,image_id,image_url,signature}', true),
	('creative_portfolio', '{creative_portfolio_id,creative_portfolio_preview_url,creative_portfolio_type,extra}', true),
	('creative_video', '{allowed_placements,extra,file_name,format,preview_url,signature,video_cover_url,video_id}', true),
	('custom_audience', '{audience_id,audience_type,calculate_type,extra,name}', true),
	('gmv_max_campaign', '{campaign_name,extra,objective_type,operation_status,secondary_status}', true),
	('gmv_max_store', '{extra,store_id,store_name,store_status,targeting_region_codes}', true),
	('interest_category', '{extra,interest_category_id,interest_category_name,placements,sub_category_ids}', true),
	('language', '{code,extra,name}', true),
	('pixel', '{events,extra,partner_name,pixel_category,pixel_code,pixel_name,pixel_setup_mode}', true),
	('region', '{extra,level,location_id,name,parent_id,region_code}', true),
	('smart_plus_adgroup', '{adgroup_name,extra,operation_status,optimization_goal,secondary_status}', true),
	('smart_plus_campaign', '{budget_mode,campaign_name,extra,objective_type,operation_status,secondary_status}', true),
	('spc_campaign', '{campaign_name,extra,objective_type,operation_status}', true);

-- reports count people, and TikTok gives none for groups that are too small
INSERT INTO tiktokads.personal_relation (relation, free_columns, shipped)
SELECT r.relation, '{extra,ac,ad_type,additional_interests,age,audience_tags,behavior_id,breakdown,contextual_tag,country_code,data_level,device_brand_id,dma_id,
	gender,hashtag,interest_category,interest_category_tier2,interest_category_tier3,interest_category_tier4,interest_category_v2,language,member,placement,platform,
	province_id,purchase_intention,component_name,custom_event_type,event_source_id,image_id,match_type,minis_id,page_id,post_id,room_id,
	search_keyword,search_terms,skan_postback_sequence,video_material_id,store_id,creative_delivery_status}', true
FROM tiktokads.model_relation AS r WHERE r.relation LIKE 'report\_%' AND r.kind <> 'view';

CREATE VIEW tiktokads.unregistered_column WITH (security_invoker = true) AS
SELECT c.relname AS relation,
	a.attname AS column_name,
	CASE WHEN d.relation IS NULL THEN 'the table is not in tiktokads.personal_relation'
		WHEN a.attname ~ w.personal THEN 'its name is that of personal data'
		ELSE 'nobody looked at it' END AS reason
FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
	LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
	LEFT JOIN tiktokads.personal_relation AS d ON d.relation = c.relname
	LEFT JOIN tiktokads.model_relation AS m ON m.relation = c.relname
	CROSS JOIN (SELECT '(^|_)(e?mails?|(cell|tele)?phones?|persons?|people|users?|visitors?|customers?|subject|contact(er|s)?|birth|gender|address(es)?|ips?|user_agent|ttclid|ttp|idf[av]|gaid|device_id|external_ids?|cookies?|(first|last|full|given|family)_?name|license_no)(_|$)' AS personal) AS w
WHERE c.relnamespace = 'tiktokads'::regnamespace
	AND c.relkind IN ('r', 'p') AND NOT c.relispartition
	AND NOT EXISTS (SELECT FROM tiktokads.personal_column AS p WHERE p.relation = c.relname AND p.column_name = a.attname)
	AND NOT EXISTS (SELECT FROM tiktokads.metric AS k WHERE k.metric = a.attname AND k.kind <> 'attribute')
	AND NOT coalesce(a.attname = ANY (d.free_columns), false)
	AND a.attname <> 'added_by_user'
	AND (d.relation IS NULL OR a.attname ~ w.personal
		OR ((d.free_columns IS NOT NULL OR d.on_erasure IS NOT NULL OR m.relation IS NOT NULL)
			AND coalesce(e.typname, t.typname) IN ('text', 'varchar', 'bpchar', 'name', 'json', 'jsonb', 'xml', 'bytea', 'uuid', 'inet', 'cidr', 'macaddr', 'hstore')));
COMMENT ON VIEW tiktokads.unregistered_column IS 'Columns that may hold personal data and of which nothing was decided: every column of a table that is not in personal_relation, columns of text and the like that are neither in personal_column nor in free_columns, and columns named as personal data is. Empty when the registry is whole; erase_subject() warns when it is not.';
COMMENT ON COLUMN tiktokads.unregistered_column.relation IS 'Table in schema tiktokads.';
COMMENT ON COLUMN tiktokads.unregistered_column.column_name IS 'Column.';
COMMENT ON COLUMN tiktokads.unregistered_column.reason IS 'Why it is listed.';

CREATE TABLE tiktokads.mask_key
(
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	inner_key bytea NOT NULL,
	outer_key bytea NOT NULL
);
COMMENT ON TABLE tiktokads.mask_key IS 'Keys of the hashes that masked views show: readable by their owner alone, so that no reader can hash a guess. Not part of dumps: a restored copy has other hashes.';
COMMENT ON COLUMN tiktokads.mask_key.only_row IS 'There is one row.';
COMMENT ON COLUMN tiktokads.mask_key.inner_key IS 'First block of the inner hash, 64 bytes.';
COMMENT ON COLUMN tiktokads.mask_key.outer_key IS 'First block of the outer hash, 64 bytes.';

-- 122 random bits in each UUID; each key is two hashes of three; an update keeps the keys
INSERT INTO tiktokads.mask_key (inner_key, outer_key)
SELECT pg_catalog.sha256(pg_catalog.convert_to(u[1] || u[2] || u[3], 'UTF8')) || pg_catalog.sha256(pg_catalog.convert_to(u[4] || u[5] || u[6], 'UTF8')),
	pg_catalog.sha256(pg_catalog.convert_to(u[7] || u[8] || u[9], 'UTF8')) || pg_catalog.sha256(pg_catalog.convert_to(u[10] || u[11] || u[12], 'UTF8'))
FROM (SELECT pg_catalog.array_agg(pg_catalog.gen_random_uuid()::text) AS u FROM pg_catalog.generate_series(1, 12)) AS r
ON CONFLICT DO NOTHING;

-- NMAC-SHA256 (Bellare, Canetti, Krawczyk 1996): each key fills the first block of its hash
CREATE FUNCTION tiktokads.mask_definition(relation name, registered name) RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT pg_catalog.format('SELECT %s FROM %s AS r CROSS JOIN tiktokads.mask_key AS k%s',
		pg_catalog.string_agg(CASE WHEN p.column_name IS NULL THEN pg_catalog.format('r.%I', c.name)
			ELSE pg_catalog.format('pg_catalog.encode(pg_catalog.sha256(k.outer_key || pg_catalog.sha256(k.inner_key || pg_catalog.convert_to(r.%1$I, ''UTF8''))), ''hex'') AS %1$I', c.name) END,
			', ' ORDER BY c.position),
		CASE WHEN m.definition IS NULL THEN pg_catalog.format('tiktokads.%I', m.relation) ELSE pg_catalog.format('(%s)', m.definition) END,
		-- the view has its owner's rights: it must ask itself what row security asks
		CASE WHEN pg_catalog.bool_or(c.name = 'advertiser_id') THEN ' WHERE (SELECT tiktokads.sees_all_advertisers())'
			' OR r.advertiser_id = ANY (ARRAY(SELECT tiktokads.visible_advertisers()))' END)
	FROM tiktokads.model_relation AS m
		JOIN tiktokads.model_column AS c ON c.relation = m.relation
		LEFT JOIN tiktokads.personal_column AS p ON p.relation = mask_definition.registered AND p.column_name = c.name
	WHERE m.relation = mask_definition.relation AND (p.column_name IS NULL OR p.mask = 'hash')
	GROUP BY m.relation;
END;
COMMENT ON FUNCTION tiktokads.mask_definition IS 'Query of the masked view of a table or view, whose personal columns are those registered for a table: its columns without the personal ones, and hashes of those whose mask is hash; of ad accounts, those that row security shows. NULL when the model has no such relation.';
REVOKE ALL ON FUNCTION tiktokads.mask_definition FROM PUBLIC;

CREATE VIEW tiktokads.masked_relation WITH (security_invoker = true) AS
SELECT DISTINCT p.relation, p.relation AS registered
FROM tiktokads.personal_column AS p WHERE p.mask = 'hash'
UNION ALL VALUES ('conversion', 'event');
COMMENT ON VIEW tiktokads.masked_relation IS 'Tables and views that have a masked view beside them, for analysts.';
COMMENT ON COLUMN tiktokads.masked_relation.relation IS 'Table or view; its masked view is named after it.';
COMMENT ON COLUMN tiktokads.masked_relation.registered IS 'Table whose rows in personal_column say what is masked.';

INSERT INTO tiktokads.model_relation (relation, kind, description, definition, masked)
SELECT m.relation || '_masked', 'view', 'tiktokads.' || m.relation || ' for analysts: identifiers as keyed hashes, other personal columns left out.',
	tiktokads.mask_definition(m.relation, m.registered), true
FROM tiktokads.masked_relation AS m;

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT c.relation || '_masked', c.position, c.name, pg_catalog.regexp_replace(c.type, ' (NOT NULL|DEFAULT).*$', ''),
	CASE WHEN p.column_name IS NULL THEN c.description ELSE 'Keyed hash: equal for equal values, of no use outside this database. NULL for NULL.' END
FROM tiktokads.masked_relation AS m
	JOIN tiktokads.model_column AS c ON c.relation = m.relation
	LEFT JOIN tiktokads.personal_column AS p ON p.relation = m.registered AND p.column_name = c.name
WHERE p.column_name IS NULL OR p.mask = 'hash';

CREATE FUNCTION tiktokads.personal_index_ensure() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing record;
BEGIN
	FOR missing IN
		SELECT c.relname, a.attname
		FROM tiktokads.personal_column AS p
			JOIN tiktokads.model_relation AS m ON m.relation = p.relation AND m.kind = 'partitioned'
			JOIN pg_class AS c ON c.oid = to_regclass(format('tiktokads.%I', p.relation))
			JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = p.column_name AND NOT a.attisdropped
		WHERE p.identifies AND pg_has_role(c.relowner, 'USAGE')
			AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL AND i.indkey[0] = a.attnum)
		ORDER BY 1, 2
	LOOP
		EXECUTE format('CREATE INDEX ON tiktokads.%I (%I)', missing.relname, missing.attname);
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.personal_index_ensure IS 'Gives the columns by which people are found an index, in partitioned tables that lack one. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.personal_index_ensure FROM PUBLIC;

INSERT INTO tiktokads.model_step (step, command, description) VALUES
	(10, 'SELECT tiktokads.personal_index_ensure()', 'Indexes by which people are found.'),
	(30, 'SELECT tiktokads.guard_ensure()', 'Tombstones are kept in tables that came later.');
