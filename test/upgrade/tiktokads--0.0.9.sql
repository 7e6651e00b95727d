\echo Use "CREATE EXTENSION tiktokads" to load this file. \quit

-- src/model/entity.sql
-- the tables of facts as rows: what model_create() makes, and the entities' columns

CREATE TABLE tiktokads.model_relation
(
	relation name PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('table', 'partitioned', 'view')),
	key_columns name[],
	partition_column name,
	tombstone boolean NOT NULL DEFAULT false,
	definition text,
	description text NOT NULL,
	CHECK ((kind = 'view') = (definition IS NOT NULL)),
	CHECK ((kind = 'partitioned') = (partition_column IS NOT NULL)),
	CHECK ((kind = 'view') = (key_columns IS NULL))
);
COMMENT ON TABLE tiktokads.model_relation IS 'Tables of facts and views that CALL tiktokads.create_model() makes or completes. They belong to you, not to the extension.';
COMMENT ON COLUMN tiktokads.model_relation.relation IS 'Name in schema tiktokads.';
COMMENT ON COLUMN tiktokads.model_relation.kind IS 'table, partitioned (by month of partition_column) or view.';
COMMENT ON COLUMN tiktokads.model_relation.key_columns IS 'Primary key; NULL for views.';
COMMENT ON COLUMN tiktokads.model_relation.partition_column IS 'Date or time whose month decides the partition; NULL when the table is not partitioned.';
COMMENT ON COLUMN tiktokads.model_relation.tombstone IS 'True: rows that TikTok deleted stay, with the time in removed_at.';
COMMENT ON COLUMN tiktokads.model_relation.definition IS 'Query of a view; NULL for tables.';
COMMENT ON COLUMN tiktokads.model_relation.description IS 'Comment of the table or view.';

CREATE TABLE tiktokads.model_column
(
	relation name,
	position int NOT NULL,
	name name,
	type text NOT NULL,
	description text NOT NULL,
	PRIMARY KEY (relation, name)
);
COMMENT ON TABLE tiktokads.model_column IS 'Columns of the tables of facts and views. Fields that the API sends and that are not here are kept in extra.';
COMMENT ON COLUMN tiktokads.model_column.relation IS 'Table or view.';
COMMENT ON COLUMN tiktokads.model_column.position IS 'Order of the columns.';
COMMENT ON COLUMN tiktokads.model_column.name IS 'Name: the API''s own, except where tiktokads.stream renames it.';
COMMENT ON COLUMN tiktokads.model_column.type IS 'Type, with NOT NULL and DEFAULT where it has them. Of views: for the reader.';
COMMENT ON COLUMN tiktokads.model_column.description IS 'Comment of the column.';

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, tombstone, description) VALUES
	('campaign', 'table', '{advertiser_id,campaign_id}', true, 'Campaigns: current state, one row each, deleted ones included.'),
	('adgroup', 'table', '{advertiser_id,adgroup_id}', true, 'Ad groups: current state, one row each, deleted ones included.'),
	('ad', 'table', '{advertiser_id,ad_id}', true, 'Ads: current state, one row each, deleted ones included.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('campaign', 1, 'advertiser_id', 'bigint', 'Ad account.'),
	('campaign', 2, 'campaign_id', 'bigint', 'Campaign.'),
	('campaign', 3, 'campaign_system_origin', 'text', 'Campaign system origin (open list of words).'),
	('campaign', 4, 'is_search_campaign', 'boolean', 'Whether it is a search campaign.'),
	('campaign', 5, 'is_smart_performance_campaign', 'boolean', 'Whether it is a smart performance campaign.'),
	('campaign', 6, 'campaign_name', 'text', 'Name of the campaign.'),
	('campaign', 7, 'campaign_type', 'text', 'Campaign type (open list of words).'),
	('campaign', 8, 'postback_window_mode', 'text', 'Postback window mode (open list of words).'),
	('campaign', 9, 'app_id', 'bigint', 'App id.'),
	('campaign', 10, 'budget', 'numeric', 'Budget in the account''s currency; 0 when the mode is BUDGET_MODE_INFINITE.'),
	('campaign', 11, 'budget_mode', 'text', 'How the budget counts: BUDGET_MODE_INFINITE, _TOTAL, _DAY, _DYNAMIC_DAILY_BUDGET.'),
	('campaign', 12, 'rta_id', 'text', 'RTA id.'),
	('campaign', 13, 'rta_bid_enabled', 'boolean', 'Whether RTA bid is enabled.'),
	('campaign', 14, 'rta_product_selection_enabled', 'boolean', 'Whether RTA product selection is enabled.'),
	('campaign', 15, 'secondary_status', 'text', 'Delivery status as the API derives it (open list of words); not returned in the sandbox.'),
	('campaign', 16, 'operation_status', 'text', 'What the advertiser set: ENABLE, DISABLE, DELETE (ad groups also FROZEN).'),
	('campaign', 17, 'objective', 'text', 'Objective (open list of words).'),
	('campaign', 18, 'objective_type', 'text', 'Advertising objective: REACH, TRAFFIC, VIDEO_VIEWS, LEAD_GENERATION, WEB_CONVERSIONS, PRODUCT_SALES and others.'),
	('campaign', 19, 'app_promotion_type', 'text', 'App promotion type (open list of words).'),
	('campaign', 20, 'virtual_objective_type', 'text', 'Virtual objective type (open list of words).'),
	('campaign', 21, 'sales_destination', 'text', 'Sales destination (open list of words).'),
	('campaign', 22, 'campaign_product_source', 'text', 'Campaign product source (open list of words).'),
	('campaign', 23, 'budget_optimize_on', 'boolean', 'Whether the budget is optimised across ad groups (CBO); NULL when it is not.'),
	('campaign', 24, 'bid_type', 'text', 'Bid type (open list of words).'),
	('campaign', 25, 'deep_bid_type', 'text', 'Deep bid type (open list of words).'),
	('campaign', 26, 'roas_bid', 'numeric', 'Target return on ad spend.'),
	('campaign', 27, 'optimization_goal', 'text', 'Optimization goal (open list of words).'),
	('campaign', 28, 'is_new_structure', 'boolean', 'Whether it is an object of the new structure.'),
	('campaign', 29, 'create_time', 'timestamptz', 'When it was created; the API says UTC.'),
	('campaign', 30, 'modify_time', 'timestamptz', 'When it was last modified, UTC; NULL for some Smart+ ads.'),
	('campaign', 31, 'is_advanced_dedicated_campaign', 'boolean', 'Whether it is an advanced dedicated campaign.'),
	('campaign', 32, 'disable_skan_campaign', 'boolean', 'Flag of the API: disable SKAdNetwork campaign.'),
	('campaign', 33, 'bid_align_type', 'text', 'Bid align type (open list of words).'),
	('campaign', 34, 'campaign_app_profile_page_state', 'text', 'Campaign app profile page state (open list of words).'),
	('campaign', 35, 'special_industries', 'text[]', 'Special industries; an empty list when there are none.'),
	('campaign', 36, 'rf_campaign_type', 'text', 'Reach and frequency campaign type (open list of words).'),
	('campaign', 37, 'po_number', 'text', 'Purchase order number.'),
	('campaign', 38, 'campaign_automation_type', 'text', 'Campaign automation type (open list of words).'),
	('campaign', 39, 'catalog_enabled', 'boolean', 'Whether catalog is enabled.'),
	('adgroup', 1, 'advertiser_id', 'bigint', 'Ad account.'),
	('adgroup', 2, 'campaign_id', 'bigint', 'Campaign.'),
	('adgroup', 3, 'campaign_name', 'text', 'Name of its campaign.'),
	('adgroup', 4, 'campaign_system_origin', 'text', 'Campaign system origin (open list of words).'),
	('adgroup', 5, 'is_smart_performance_campaign', 'boolean', 'Whether it is a smart performance campaign.'),
	('adgroup', 6, 'adgroup_id', 'bigint', 'Ad group.'),
	('adgroup', 7, 'adgroup_name', 'text', 'Name of the ad group.'),
	('adgroup', 8, 'create_time', 'timestamptz', 'When it was created; the API says UTC.'),
	('adgroup', 9, 'modify_time', 'timestamptz', 'When it was last modified, UTC; NULL for some Smart+ ads.'),
	('adgroup', 10, 'promotion_type', 'text', 'Promotion type (open list of words).'),
	('adgroup', 11, 'shopping_ads_type', 'text', 'Shopping ads type (open list of words).'),
	('adgroup', 12, 'identity_id', 'text', 'Identity id.'),
	('adgroup', 13, 'identity_type', 'text', 'Identity type (open list of words).'),
	('adgroup', 14, 'identity_authorized_bc_id', 'bigint', 'Identity authorized business center id.'),
	('adgroup', 15, 'product_source', 'text', 'Product source (open list of words).'),
	('adgroup', 16, 'catalog_id', 'bigint', 'Catalog id.'),
	('adgroup', 17, 'catalog_authorized_bc_id', 'bigint', 'Catalog authorized business center id.'),
	('adgroup', 18, 'store_id', 'bigint', 'Store id.'),
	('adgroup', 19, 'store_authorized_bc_id', 'bigint', 'Store authorized business center id.'),
	('adgroup', 20, 'promotion_target_type', 'text', 'Promotion target type (open list of words).'),
	('adgroup', 21, 'message_app_type', 'text', 'Message app type (open list of words).'),
	('adgroup', 22, 'message_app_account_id', 'text', 'Message app account id.'),
	('adgroup', 23, 'phone_region_code', 'text', 'Phone region code.'),
	('adgroup', 24, 'phone_region_calling_code', 'text', 'Phone region calling code.'),
	('adgroup', 25, 'phone_number', 'text', 'Phone number.'),
	('adgroup', 26, 'promotion_website_type', 'text', 'Promotion website type (open list of words).'),
	('adgroup', 27, 'app_id', 'bigint', 'App id.'),
	('adgroup', 28, 'app_type', 'text', 'App type (open list of words).'),
	('adgroup', 29, 'app_download_url', 'text', 'App download URL.'),
	('adgroup', 30, 'pixel_id', 'bigint', 'Pixel id.'),
	('adgroup', 31, 'optimization_event', 'text', 'Optimization event (open list of words).'),
	('adgroup', 32, 'app_config', 'jsonb', 'App config, as the API sends it.'),
	('adgroup', 33, 'deep_funnel_optimization_status', 'text', 'Deep funnel optimization status (open list of words).'),
	('adgroup', 34, 'deep_funnel_event_source', 'text', 'Deep funnel event source (open list of words).'),
	('adgroup', 35, 'deep_funnel_event_source_id', 'text', 'Deep funnel event source id.'),
	('adgroup', 36, 'deep_funnel_optimization_event', 'text', 'Deep funnel optimization event (open list of words).'),
	('adgroup', 37, 'placement_type', 'text', 'Placement type (open list of words).'),
	('adgroup', 38, 'placements', 'text[]', 'Where the ads may run; NULL when placement is automatic.'),
	('adgroup', 39, 'tiktok_subplacements', 'text[]', 'TikTok subplacements; an empty list when there are none.'),
	('adgroup', 40, 'search_result_enabled', 'boolean', 'Whether search result is enabled.'),
	('adgroup', 41, 'comment_disabled', 'boolean', 'Whether comment is disabled.'),
	('adgroup', 42, 'video_download_disabled', 'boolean', 'Whether video download is disabled.'),
	('adgroup', 43, 'share_disabled', 'boolean', 'Whether share is disabled.'),
	('adgroup', 44, 'blocked_pangle_app_ids', 'text[]', 'Blocked Pangle app ids; an empty list when there are none.'),
	('adgroup', 45, 'audience_type', 'text', 'Audience type (open list of words).'),
	('adgroup', 46, 'audience_rule', 'jsonb', 'Audience rule, as the API sends it.'),
	('adgroup', 47, 'auto_targeting_enabled', 'boolean', 'Whether auto targeting is enabled.'),
	('adgroup', 48, 'shopping_ads_retargeting_type', 'text', 'Shopping ads retargeting type (open list of words).'),
	('adgroup', 49, 'shopping_ads_retargeting_actions_days', 'bigint', 'Shopping ads retargeting actions days.'),
	('adgroup', 50, 'included_custom_actions', 'jsonb', 'Included custom actions, as the API sends it.'),
	('adgroup', 51, 'excluded_custom_actions', 'jsonb', 'Excluded custom actions, as the API sends it.'),
	('adgroup', 52, 'shopping_ads_retargeting_custom_audience_relation', 'text', 'Shopping ads retargeting custom audience relation (open list of words).'),
	('adgroup', 53, 'location_ids', 'text[]', 'Location ids; an empty list when there are none.'),
	('adgroup', 54, 'zipcode_ids', 'text[]', 'Zipcode ids; an empty list when there are none.'),
	('adgroup', 55, 'languages', 'text[]', 'Languages; an empty list when there are none.'),
	('adgroup', 56, 'gender', 'text', 'Gender (open list of words).'),
	('adgroup', 57, 'age_groups', 'text[]', 'Age groups; an empty list when there are none.'),
	('adgroup', 58, 'exclude_age_under_eighteen', 'boolean', 'Flag of the API: exclude age under eighteen.'),
	('adgroup', 59, 'spending_power', 'text', 'Spending power (open list of words).'),
	('adgroup', 60, 'household_income', 'text[]', 'Household income; an empty list when there are none.'),
	('adgroup', 61, 'audience_ids', 'text[]', 'Audience ids; an empty list when there are none.'),
	('adgroup', 62, 'smart_audience_enabled', 'boolean', 'Whether smart audience is enabled.'),
	('adgroup', 63, 'excluded_audience_ids', 'text[]', 'Excluded audience ids; an empty list when there are none.'),
	('adgroup', 64, 'interest_category_ids', 'text[]', 'Interest category ids; an empty list when there are none.'),
	('adgroup', 65, 'interest_keyword_ids', 'text[]', 'Interest keyword ids; an empty list when there are none.'),
	('adgroup', 66, 'purchase_intention_keyword_ids', 'text[]', 'Purchase intention keyword ids; an empty list when there are none.'),
	('adgroup', 67, 'actions', 'jsonb', 'Actions, as the API sends it.'),
	('adgroup', 68, 'smart_interest_behavior_enabled', 'boolean', 'Whether smart interest behavior is enabled.'),
	('adgroup', 69, 'included_pangle_audience_package_ids', 'text[]', 'Included Pangle audience package ids; an empty list when there are none.'),
	('adgroup', 70, 'excluded_pangle_audience_package_ids', 'text[]', 'Excluded Pangle audience package ids; an empty list when there are none.'),
	('adgroup', 71, 'operating_systems', 'text[]', 'Operating systems; an empty list when there are none.'),
	('adgroup', 72, 'min_android_version', 'text', 'Min android version.'),
	('adgroup', 73, 'ios14_targeting', 'text', 'iOS 14 targeting (open list of words).'),
	('adgroup', 74, 'min_ios_version', 'text', 'Min iOS version.'),
	('adgroup', 75, 'ios14_quota_type', 'text', 'iOS 14 quota type (open list of words).'),
	('adgroup', 76, 'device_model_ids', 'text[]', 'Device model ids; an empty list when there are none.'),
	('adgroup', 77, 'network_types', 'text[]', 'Network types; an empty list when there are none.'),
	('adgroup', 78, 'carrier_ids', 'text[]', 'Carrier ids; an empty list when there are none.'),
	('adgroup', 79, 'isp_ids', 'text[]', 'Internet provider ids; an empty list when there are none.'),
	('adgroup', 80, 'device_price_ranges', 'bigint[]', 'Device price ranges; an empty list when there are none.'),
	('adgroup', 81, 'saved_audience_id', 'text', 'Saved audience id.'),
	('adgroup', 82, 'contextual_tag_ids', 'text[]', 'Contextual tag ids; an empty list when there are none.'),
	('adgroup', 83, 'brand_safety_type', 'text', 'Brand safety type (open list of words).'),
	('adgroup', 84, 'brand_safety_partner', 'text', 'Brand safety partner.'),
	('adgroup', 85, 'inventory_filter_enabled', 'boolean', 'Whether inventory filter is enabled.'),
	('adgroup', 86, 'category_exclusion_ids', 'text[]', 'Category exclusion ids; an empty list when there are none.'),
	('adgroup', 87, 'vertical_sensitive_id', 'text', 'Vertical sensitive id.'),
	('adgroup', 88, 'budget_mode', 'text', 'How the budget counts: BUDGET_MODE_INFINITE, _TOTAL, _DAY, _DYNAMIC_DAILY_BUDGET.'),
	('adgroup', 89, 'budget', 'numeric', 'Budget in the account''s currency; 0 when the mode is BUDGET_MODE_INFINITE.'),
	('adgroup', 90, 'scheduled_budget', 'numeric', 'Scheduled budget, in the account''s currency.'),
	('adgroup', 91, 'schedule_type', 'text', 'Schedule type (open list of words).'),
	('adgroup', 92, 'schedule_start_time', 'timestamptz', 'Start of delivery, UTC.'),
	('adgroup', 93, 'schedule_end_time', 'timestamptz', 'End of delivery, UTC.'),
	('adgroup', 94, 'predict_impression', 'bigint', 'Predict impression.'),
	('adgroup', 95, 'topview_reach_range', 'bigint[]', 'Topview reach range; an empty list when there are none.'),
	('adgroup', 96, 'pre_discount_cpm', 'numeric', 'Pre discount CPM, in the account''s currency.'),
	('adgroup', 97, 'cpm', 'numeric', 'CPM, in the account''s currency.'),
	('adgroup', 98, 'discount_type', 'text', 'Discount type (open list of words).'),
	('adgroup', 99, 'discount_amount', 'numeric', 'Discount amount, in the account''s currency.'),
	('adgroup', 100, 'discount_percentage', 'numeric', 'Discount percentage, a share.'),
	('adgroup', 101, 'pre_discount_budget', 'numeric', 'Pre discount budget, in the account''s currency.'),
	('adgroup', 102, 'schedule_infos', 'jsonb', 'Schedule infos, as the API sends it.'),
	('adgroup', 103, 'delivery_mode', 'text', 'Delivery mode (open list of words).'),
	('adgroup', 104, 'dayparting', 'text', 'Delivery hours: 336 digits 0 or 1, seven days of 48 half hours; all 1 is all day.'),
	('adgroup', 105, 'optimization_goal', 'text', 'Optimization goal (open list of words).'),
	('adgroup', 106, 'secondary_optimization_event', 'text', 'Secondary optimization event (open list of words).'),
	('adgroup', 107, 'message_event_set_id', 'text', 'Message event set id.'),
	('adgroup', 108, 'frequency', 'bigint', 'Frequency.'),
	('adgroup', 109, 'frequency_schedule', 'bigint', 'Frequency schedule.'),
	('adgroup', 110, 'bid_type', 'text', 'Bid type (open list of words).'),
	('adgroup', 111, 'bid_price', 'numeric', 'Bid in the account''s currency.'),
	('adgroup', 112, 'conversion_bid_price', 'numeric', 'Conversion bid price, in the account''s currency.'),
	('adgroup', 113, 'deep_bid_type', 'text', 'Deep bid type (open list of words).'),
	('adgroup', 114, 'roas_bid', 'numeric', 'Target return on ad spend.'),
	('adgroup', 115, 'vbo_window', 'text', 'VBO window (open list of words).'),
	('adgroup', 116, 'bid_display_mode', 'text', 'Bid display mode (open list of words).'),
	('adgroup', 117, 'deep_cpa_bid', 'numeric', 'Deep CPA bid, in the account''s currency.'),
	('adgroup', 118, 'cpv_video_duration', 'text', 'CPV video duration (open list of words).'),
	('adgroup', 119, 'next_day_retention', 'numeric', 'Next day retention, a share.'),
	('adgroup', 120, 'click_attribution_window', 'text', 'Click attribution window (open list of words).'),
	('adgroup', 121, 'engaged_view_attribution_window', 'text', 'Engaged view attribution window (open list of words).'),
	('adgroup', 122, 'view_attribution_window', 'text', 'View attribution window (open list of words).'),
	('adgroup', 123, 'attribution_event_count', 'text', 'Attribution event count (open list of words).'),
	('adgroup', 124, 'billing_event', 'text', 'Billing event (open list of words).'),
	('adgroup', 125, 'pacing', 'text', 'Pacing (open list of words).'),
	('adgroup', 126, 'operation_status', 'text', 'What the advertiser set: ENABLE, DISABLE, DELETE (ad groups also FROZEN).'),
	('adgroup', 127, 'secondary_status', 'text', 'Delivery status as the API derives it (open list of words); not returned in the sandbox.'),
	('adgroup', 128, 'statistic_type', 'text', 'Statistic type.'),
	('adgroup', 129, 'is_hfss', 'boolean', 'Whether it is a HFSS.'),
	('adgroup', 130, 'is_lhf_compliance', 'boolean', 'Whether it is a LHF compliance.'),
	('adgroup', 131, 'creative_material_mode', 'text', 'Creative material mode (open list of words).'),
	('adgroup', 132, 'adgroup_app_profile_page_state', 'text', 'Ad group app profile page state (open list of words).'),
	('adgroup', 133, 'feed_type', 'text', 'Feed type (open list of words).'),
	('adgroup', 134, 'rf_purchased_type', 'text', 'Reach and frequency purchased type (open list of words).'),
	('adgroup', 135, 'purchased_impression', 'bigint', 'Purchased impression.'),
	('adgroup', 136, 'purchased_reach', 'bigint', 'Purchased reach.'),
	('adgroup', 137, 'rf_estimated_cpr', 'numeric', 'Reach and frequency estimated cost per result, in the account''s currency.'),
	('adgroup', 138, 'rf_estimated_frequency', 'numeric', 'Reach and frequency estimated frequency.'),
	('adgroup', 139, 'split_test_group_id', 'text', 'Split test group id.'),
	('adgroup', 140, 'split_test_status', 'text', 'Split test status.'),
	('adgroup', 141, 'is_new_structure', 'boolean', 'Whether it is an object of the new structure.'),
	('adgroup', 142, 'skip_learning_phase', 'boolean', 'Whether the learning phase is skipped.'),
	('adgroup', 143, 'category_id', 'bigint', 'Category id.'),
	('adgroup', 144, 'keywords', 'jsonb', 'Keywords, as the API sends it.'),
	('adgroup', 145, 'conversion_window', 'text', 'Conversion window.'),
	('ad', 1, 'advertiser_id', 'bigint', 'Ad account.'),
	('ad', 2, 'campaign_id', 'bigint', 'Campaign.'),
	('ad', 3, 'campaign_name', 'text', 'Name of its campaign.'),
	('ad', 4, 'campaign_system_origin', 'text', 'Campaign system origin (open list of words).'),
	('ad', 5, 'adgroup_id', 'bigint', 'Ad group.'),
	('ad', 6, 'adgroup_name', 'text', 'Name of its ad group.'),
	('ad', 7, 'ad_id', 'bigint', 'Ad.'),
	('ad', 8, 'ad_name', 'text', 'Name of the ad.'),
	('ad', 9, 'create_time', 'timestamptz', 'When it was created; the API says UTC.'),
	('ad', 10, 'modify_time', 'timestamptz', 'When it was last modified, UTC; NULL for some Smart+ ads.'),
	('ad', 11, 'identity_type', 'text', 'Identity type (open list of words).'),
	('ad', 12, 'identity_id', 'text', 'Identity id.'),
	('ad', 13, 'identity_authorized_bc_id', 'bigint', 'Identity authorized business center id.'),
	('ad', 14, 'catalog_id', 'bigint', 'Catalog id.'),
	('ad', 15, 'product_specific_type', 'text', 'Product specific type (open list of words).'),
	('ad', 16, 'item_group_ids', 'text[]', 'Item group ids; an empty list when there are none.'),
	('ad', 17, 'product_set_id', 'text', 'Product set id.'),
	('ad', 18, 'sku_ids', 'text[]', 'SKU ids; an empty list when there are none.'),
	('ad', 19, 'showcase_products', 'jsonb', 'Showcase products, as the API sends it.'),
	('ad', 20, 'ad_format', 'text', 'Ad format (open list of words).'),
	('ad', 21, 'vertical_video_strategy', 'text', 'Vertical video strategy (open list of words).'),
	('ad', 22, 'dynamic_format', 'text', 'Dynamic format (open list of words).'),
	('ad', 23, 'video_id', 'text', 'Video; text, as the API has it.'),
	('ad', 24, 'image_ids', 'text[]', 'Image ids; an empty list when there are none.'),
	('ad', 25, 'carousel_image_index', 'bigint', 'Carousel image index.'),
	('ad', 26, 'music_id', 'bigint', 'Music id.'),
	('ad', 27, 'tiktok_item_id', 'bigint', 'TikTok item id.'),
	('ad', 28, 'promotional_music_disabled', 'boolean', 'Whether promotional music is disabled.'),
	('ad', 29, 'item_duet_status', 'text', 'Item duet status (open list of words).'),
	('ad', 30, 'item_stitch_status', 'text', 'Item stitch status (open list of words).'),
	('ad', 31, 'dark_post_status', 'text', 'Dark post status (open list of words).'),
	('ad', 32, 'branded_content_disabled', 'boolean', 'Whether branded content is disabled.'),
	('ad', 33, 'shopping_ads_video_package_id', 'text', 'Shopping ads video package id.'),
	('ad', 34, 'ad_text', 'text', 'Ad text.'),
	('ad', 35, 'ad_texts', 'text[]', 'Ad texts; an empty list when there are none.'),
	('ad', 36, 'call_to_action', 'text', 'Call to action (open list of words).'),
	('ad', 37, 'call_to_action_id', 'bigint', 'Call to action id.'),
	('ad', 38, 'card_id', 'bigint', 'Card id.'),
	('ad', 39, 'landing_page_url', 'text', 'Landing page URL.'),
	('ad', 40, 'utm_params', 'jsonb', 'UTM params, as the API sends it.'),
	('ad', 41, 'page_id', 'bigint', 'TikTok instant page.'),
	('ad', 42, 'cpp_url', 'text', 'CPP URL.'),
	('ad', 43, 'tiktok_page_category', 'text', 'TikTok page category (open list of words).'),
	('ad', 44, 'phone_region_code', 'text', 'Phone region code.'),
	('ad', 45, 'phone_region_calling_code', 'text', 'Phone region calling code.'),
	('ad', 46, 'phone_number', 'text', 'Phone number.'),
	('ad', 47, 'deeplink', 'text', 'Deeplink.'),
	('ad', 48, 'deeplink_type', 'text', 'Deeplink type (open list of words).'),
	('ad', 49, 'deeplink_format_type', 'text', 'Deeplink format type (open list of words).'),
	('ad', 50, 'shopping_ads_deeplink_type', 'text', 'Shopping ads deeplink type (open list of words).'),
	('ad', 51, 'deeplink_utm_params', 'jsonb', 'Deeplink UTM params, as the API sends it.'),
	('ad', 52, 'shopping_ads_fallback_type', 'text', 'Shopping ads fallback type (open list of words).'),
	('ad', 53, 'fallback_type', 'text', 'Fallback type (open list of words).'),
	('ad', 54, 'dynamic_destination', 'text', 'Dynamic destination (open list of words).'),
	('ad', 55, 'auto_message_id', 'text', 'Auto message id.'),
	('ad', 56, 'aigc_disclosure_type', 'text', 'AI-generated content disclosure type (open list of words).'),
	('ad', 57, 'disclaimer_type', 'text', 'Disclaimer type (open list of words).'),
	('ad', 58, 'disclaimer_text', 'jsonb', 'Disclaimer text, as the API sends it.'),
	('ad', 59, 'disclaimer_clickable_texts', 'jsonb', 'Disclaimer clickable texts, as the API sends it.'),
	('ad', 60, 'tracking_pixel_id', 'bigint', 'Tracking pixel id.'),
	('ad', 61, 'tracking_app_id', 'bigint', 'Tracking app id.'),
	('ad', 62, 'tracking_offline_event_set_ids', 'text[]', 'Tracking offline event set ids; an empty list when there are none.'),
	('ad', 63, 'tracking_message_event_set_id', 'text', 'Tracking message event set id.'),
	('ad', 64, 'vast_moat_enabled', 'boolean', 'Whether VAST moat is enabled.'),
	('ad', 65, 'viewability_postbid_partner', 'text', 'Viewability postbid partner (open list of words).'),
	('ad', 66, 'viewability_vast_url', 'text', 'Viewability VAST URL.'),
	('ad', 67, 'brand_safety_postbid_partner', 'text', 'Brand safety postbid partner (open list of words).'),
	('ad', 68, 'brand_safety_vast_url', 'text', 'Brand safety VAST URL.'),
	('ad', 69, 'impression_tracking_url', 'text', 'Impression tracking URL.'),
	('ad', 70, 'click_tracking_url', 'text', 'Click tracking URL.'),
	('ad', 71, 'playable_url', 'text', 'Playable URL.'),
	('ad', 72, 'video_view_tracking_url', 'text', 'Video view tracking URL.'),
	('ad', 73, 'operation_status', 'text', 'What the advertiser set: ENABLE, DISABLE, DELETE (ad groups also FROZEN).'),
	('ad', 74, 'secondary_status', 'text', 'Delivery status as the API derives it (open list of words); not returned in the sandbox.'),
	('ad', 75, 'creative_type', 'text', 'Creative type (open list of words).'),
	('ad', 76, 'app_name', 'text', 'App name.'),
	('ad', 77, 'display_name', 'text', 'Display name.'),
	('ad', 78, 'avatar_icon_web_uri', 'text', 'Avatar icon web URI.'),
	('ad', 79, 'profile_image_url', 'text', 'Profile image URL.'),
	('ad', 80, 'creative_authorized', 'boolean', 'Whether creative is authorized.'),
	('ad', 81, 'is_aco', 'boolean', 'Whether it is an automated creative optimisation.'),
	('ad', 82, 'is_new_structure', 'boolean', 'Whether it is an object of the new structure.'),
	('ad', 83, 'optimization_event', 'text', 'Optimization event (open list of words).'),
	('ad', 84, 'landing_page_urls', 'jsonb', 'Landing page URLs, as the API sends it.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT e.relation, c.position, c.name, c.type, c.description
FROM (VALUES ('campaign'), ('adgroup'), ('ad')) AS e (relation)
	CROSS JOIN (VALUES
	(1001, 'extra', 'jsonb', 'Fields that the API sent and that have no column, or did not fit it; NULL when there are none.'),
	(1002, 'removed_at', 'timestamptz', 'When it was first seen as deleted, or missing from a complete list; NULL while it exists.'),
	(1003, 'first_seen_at', 'timestamptz NOT NULL DEFAULT now()', 'When it was first stored.'),
	(1004, 'changed_at', 'timestamptz NOT NULL DEFAULT now()', 'When what is stored of it last changed.')) AS c (position, name, type, description);

-- src/model/metric.sql
-- the metrics of reports: their columns, and which of them are asked for

CREATE TABLE tiktokads.metric
(
	metric name PRIMARY KEY,
	position int NOT NULL,
	type text NOT NULL CHECK (type IN ('bigint', 'numeric')),
	additive boolean NOT NULL,
	requested boolean NOT NULL,
	description text NOT NULL
);
COMMENT ON TABLE tiktokads.metric IS 'Metrics that have a column in every report table. The API has some hundred more: name one in tiktokads.stream_override, and it arrives in extra, or in a column of its name that you add.';
COMMENT ON COLUMN tiktokads.metric.metric IS 'Name: the API''s own.';
COMMENT ON COLUMN tiktokads.metric.position IS 'Order of the columns.';
COMMENT ON COLUMN tiktokads.metric.type IS 'bigint (counts) or numeric (money, averages and percentages).';
COMMENT ON COLUMN tiktokads.metric.additive IS 'True: may be added up over rows and days. False: unique users, averages and ratios.';
COMMENT ON COLUMN tiktokads.metric.requested IS 'True: asked for unless an override says otherwise. Ratios that sums give are not: our views compute them, exactly.';
COMMENT ON COLUMN tiktokads.metric.description IS 'Meaning, unit and traps.';

INSERT INTO tiktokads.metric (position, metric, type, additive, requested, description) VALUES
	(1, 'spend', 'numeric', true, true, 'Total cost, in the account''s currency.'),
	(2, 'cash_spend', 'numeric', true, true, 'Cost paid with cash; 16 to 48 hours late.'),
	(3, 'voucher_spend', 'numeric', true, true, 'Cost paid with vouchers; 16 to 48 hours late.'),
	(4, 'billed_cost', 'numeric', true, false, 'Cost less credits; about 11 hours late, since 2023-09-01.'),
	(5, 'impressions', 'bigint', true, true, 'Times that ads were shown.'),
	(6, 'gross_impressions', 'bigint', true, false, 'Impressions, invalid ones included.'),
	(7, 'clicks', 'bigint', true, true, 'Clicks to the destination (for every interaction see engagements).'),
	(8, 'ctr', 'numeric', false, false, 'Clicks / impressions in percent, as the API rounds it; views recompute it.'),
	(9, 'cpc', 'numeric', false, false, 'Spend / clicks, as the API rounds it; views recompute it.'),
	(10, 'cpm', 'numeric', false, false, 'Spend / impressions x 1000, as the API rounds it; views recompute it.'),
	(11, 'reach', 'bigint', false, true, 'Unique users over the row''s range; 16 hours late. Never add it up.'),
	(12, 'frequency', 'numeric', false, true, 'Impressions / reach over the row''s range. Never add it up.'),
	(13, 'cost_per_1000_reached', 'numeric', false, false, 'Spend / reach x 1000. Never add it up.'),
	(14, 'conversion', 'bigint', true, true, 'Times the chosen event happened, on the day of the interaction: grows until the attribution window closes.'),
	(15, 'cost_per_conversion', 'numeric', false, false, 'Spend / conversion, as the API rounds it; views recompute it.'),
	(16, 'conversion_rate', 'numeric', false, false, 'Conversion rate in percent; the API''s base has changed over the years. Compute your own.'),
	(17, 'conversion_rate_v2', 'numeric', false, false, 'Conversion / impressions in percent.'),
	(18, 'real_time_conversion', 'bigint', true, true, 'Times the chosen event happened, on the day it happened.'),
	(19, 'real_time_cost_per_conversion', 'numeric', false, false, 'Spend / real_time_conversion.'),
	(20, 'real_time_conversion_rate', 'numeric', false, false, 'Real-time conversion rate in percent.'),
	(21, 'real_time_conversion_rate_v2', 'numeric', false, false, 'Real-time conversion / impressions in percent.'),
	(22, 'result', 'bigint', true, true, 'Results by the campaign''s objective; with goal REACH unique users, and then not to be added up.'),
	(23, 'cost_per_result', 'numeric', false, false, 'Spend / result.'),
	(24, 'result_rate', 'numeric', false, false, 'Result / impressions in percent.'),
	(25, 'real_time_result', 'bigint', true, false, 'Results on the day they happened.'),
	(26, 'real_time_cost_per_result', 'numeric', false, false, 'Spend / real_time_result.'),
	(27, 'real_time_result_rate', 'numeric', false, false, 'Real-time result / impressions in percent.'),
	(28, 'secondary_goal_result', 'bigint', true, true, 'Results of the secondary goal; NULL without one.'),
	(29, 'cost_per_secondary_goal_result', 'numeric', false, false, 'Spend / secondary_goal_result; NULL without one.'),
	(30, 'secondary_goal_result_rate', 'numeric', false, false, 'Secondary goal result / impressions in percent; NULL without one.'),
	(31, 'skan_result', 'bigint', true, false, 'SKAdNetwork results.'),
	(32, 'skan_cost_per_result', 'numeric', false, false, 'Spend / skan_result.'),
	(33, 'skan_result_rate', 'numeric', false, false, 'skan_result rate in percent.'),
	(34, 'skan_conversion', 'bigint', true, false, 'SKAdNetwork conversions.'),
	(35, 'skan_cost_per_conversion', 'numeric', false, false, 'Spend / skan_conversion.'),
	(36, 'skan_conversion_rate', 'numeric', false, false, 'skan_conversion rate in percent.'),
	(37, 'skan_click_time_conversion', 'bigint', true, false, 'SKAdNetwork conversions by click time.'),
	(38, 'skan_click_time_cost_per_conversion', 'numeric', false, false, 'Spend / skan_click_time_conversion.'),
	(39, 'skan_conversion_rate_v2', 'numeric', false, false, 'SKAdNetwork conversions / impressions in percent.'),
	(40, 'video_play_actions', 'bigint', true, true, 'Times a video began to play.'),
	(41, 'video_watched_2s', 'bigint', true, true, 'Views of two seconds or more.'),
	(42, 'video_watched_6s', 'bigint', true, true, 'Views of six seconds or more.'),
	(43, 'video_views_p25', 'bigint', true, true, 'Views of 25 % of the video, replays not counted.'),
	(44, 'video_views_p50', 'bigint', true, true, 'Views of 50 % of the video, replays not counted.'),
	(45, 'video_views_p75', 'bigint', true, true, 'Views of 75 % of the video, replays not counted.'),
	(46, 'video_views_p100', 'bigint', true, true, 'Views of 100 % of the video, replays not counted.'),
	(47, 'average_video_play', 'numeric', false, true, 'Seconds watched per view, replays included. Never add it up.'),
	(48, 'average_video_play_per_user', 'numeric', false, true, 'Seconds watched per user, replays included. Never add it up.'),
	(49, 'engaged_view', 'bigint', true, true, 'Focused views: six seconds, or an interaction.'),
	(50, 'engaged_view_15s', 'bigint', true, true, 'Focused views of fifteen seconds.'),
	(51, 'paid_engaged_view', 'bigint', true, false, 'Paid focused views of six seconds.'),
	(52, 'paid_engaged_view_15s', 'bigint', true, false, 'Paid focused views of fifteen seconds.'),
	(53, 'engagements', 'bigint', true, true, 'All paid interactions.'),
	(54, 'engagement_rate', 'numeric', false, false, 'Engagements / impressions in percent.'),
	(55, 'likes', 'bigint', true, true, 'Paid likes.'),
	(56, 'comments', 'bigint', true, true, 'Paid comments.'),
	(57, 'shares', 'bigint', true, true, 'Paid shares.'),
	(58, 'follows', 'bigint', true, true, 'Paid follows.'),
	(59, 'profile_visits', 'bigint', true, true, 'Paid profile visits.'),
	(60, 'profile_visits_rate', 'numeric', false, false, 'Profile visits / impressions in percent.'),
	(61, 'clicks_on_music_disc', 'bigint', true, false, 'Clicks on the music disc.'),
	(62, 'duet_clicks', 'bigint', true, false, 'Clicks on duet.'),
	(63, 'stitch_clicks', 'bigint', true, false, 'Clicks on stitch.'),
	(64, 'sound_usage_clicks', 'bigint', true, false, 'Clicks on use of the sound.'),
	(65, 'anchor_clicks', 'bigint', true, false, 'Clicks on the anchor.'),
	(66, 'anchor_click_rate', 'numeric', false, false, 'Anchor clicks / impressions in percent.'),
	(67, 'clicks_on_hashtag_challenge', 'bigint', true, false, 'Clicks on the hashtag challenge.'),
	(68, 'live_views', 'bigint', true, false, 'Views of LIVE.'),
	(69, 'live_unique_views', 'bigint', false, false, 'Unique viewers of LIVE. Never add it up.'),
	(70, 'live_effective_views', 'bigint', true, false, 'Views of LIVE of ten seconds or more.'),
	(71, 'live_product_clicks', 'bigint', true, false, 'Clicks on products in LIVE.'),
	(72, 'app_install', 'bigint', true, true, 'App installs.'),
	(73, 'cost_per_app_install', 'numeric', false, false, 'Spend / app_install.'),
	(74, 'real_time_app_install', 'bigint', true, false, 'App installs on the day they happened.'),
	(75, 'real_time_app_install_cost', 'numeric', false, false, 'Spend / real_time_app_install.'),
	(76, 'registration', 'bigint', false, false, 'Unique users with registrations in the app. Never add it up.'),
	(77, 'total_registration', 'bigint', true, false, 'Number of registrations in the app.'),
	(78, 'purchase', 'bigint', false, false, 'Unique users with purchases in the app. Never add it up.'),
	(79, 'total_purchase', 'bigint', true, true, 'Number of purchases in the app.'),
	(80, 'checkout', 'bigint', false, false, 'Unique users with checkouts in the app. Never add it up.'),
	(81, 'total_checkout', 'bigint', true, false, 'Number of checkouts in the app.'),
	(82, 'total_purchase_value', 'numeric', true, true, 'Value of purchases in the app.'),
	(83, 'value_per_total_purchase', 'numeric', false, false, 'Total_purchase_value / total_purchase.'),
	(84, 'total_active_pay_roas', 'numeric', false, false, 'App revenue / spend.'),
	(85, 'total_purchase_roas_day0', 'numeric', false, false, 'App revenue by day 0 after install / spend.'),
	(86, 'total_purchase_roas_day2', 'numeric', false, false, 'App revenue by day 2 after install / spend.'),
	(87, 'total_purchase_roas_day6', 'numeric', false, false, 'App revenue by day 6 after install / spend.'),
	(88, 'complete_payment', 'bigint', true, true, 'Purchases on the website.'),
	(89, 'complete_payment_rate', 'numeric', false, false, 'Rate of unique purchases on the website, in percent.'),
	(90, 'cost_per_complete_payment', 'numeric', false, false, 'Spend / complete_payment.'),
	(91, 'value_per_complete_payment', 'numeric', false, false, 'Value of one purchase on the website.'),
	(92, 'total_complete_payment_rate', 'numeric', true, true, 'Value of purchases on the website: money, in spite of the name that the API gave it.'),
	(93, 'complete_payment_roas', 'numeric', false, false, 'Value of purchases on the website / spend.'),
	(94, 'total_landing_page_view', 'bigint', true, true, 'Landing page views.'),
	(95, 'cost_per_landing_page_view', 'numeric', false, false, 'Spend / total_landing_page_view.'),
	(96, 'landing_page_view_rate', 'numeric', false, false, 'Landing page views / clicks in percent.'),
	(97, 'total_pageview', 'bigint', true, true, 'Page views.'),
	(98, 'web_event_add_to_cart', 'bigint', true, true, 'Times something was put into the cart on the website.'),
	(99, 'initiate_checkout', 'bigint', true, true, 'Checkouts begun on the website.'),
	(100, 'form', 'bigint', true, true, 'Forms submitted on the website.'),
	(101, 'onsite_shopping', 'bigint', true, true, 'Purchases in TikTok Shop.'),
	(102, 'total_onsite_shopping_value', 'numeric', true, true, 'Value of purchases in TikTok Shop.'),
	(103, 'onsite_shopping_roas', 'numeric', false, false, 'Value of purchases in TikTok Shop / spend.'),
	(104, 'onsite_form', 'bigint', true, true, 'Instant forms submitted on TikTok.'),
	(105, 'onsite_download_start', 'bigint', true, false, 'Downloads begun on TikTok pages.'),
	(106, 'ix_page_view_count', 'bigint', true, false, 'Views of instant pages.'),
	(107, 'ix_button_click_count', 'bigint', true, false, 'Clicks on buttons of instant pages.'),
	(108, 'ix_product_click_count', 'bigint', true, false, 'Clicks on products of instant pages.'),
	(109, 'vta_conversion', 'bigint', true, true, 'View-through conversions.'),
	(110, 'cost_per_vta_conversion', 'numeric', false, false, 'Spend / vta_conversion.'),
	(111, 'cta_conversion', 'bigint', true, true, 'Click-through conversions.'),
	(112, 'cost_per_cta_conversion', 'numeric', false, false, 'Spend / cta_conversion.'),
	(113, 'engaged_view_through_conversions', 'bigint', true, true, 'Conversions after a focused view.'),
	(114, 'cost_per_engaged_view_through_conversion', 'numeric', false, false, 'Spend / engaged_view_through_conversions.'),
	(115, 'vta_app_install', 'bigint', true, false, 'View-through app installs.'),
	(116, 'vta_registration', 'bigint', true, false, 'View-through registrations.'),
	(117, 'vta_purchase', 'bigint', true, false, 'View-through purchases.'),
	(118, 'cta_app_install', 'bigint', true, false, 'Click-through app installs.'),
	(119, 'cta_registration', 'bigint', true, false, 'Click-through registrations.'),
	(120, 'cta_purchase', 'bigint', true, false, 'Click-through purchases.'),
	(121, 'evta_app_install', 'bigint', true, false, 'Engaged-view-through app installs.'),
	(122, 'evta_registration', 'bigint', true, false, 'Engaged-view-through registrations.'),
	(123, 'evta_purchase', 'bigint', true, false, 'Engaged-view-through purchases.'),
	(124, 'vta_complete_payment', 'bigint', true, false, 'View-through purchases on the website.'),
	(125, 'vta_complete_payment_value', 'numeric', true, false, 'Value of view-through purchases on the website.'),
	(126, 'vta_complete_payment_roas', 'numeric', false, false, 'Value of view-through purchases on the website / spend.'),
	(127, 'evta_payments_completed', 'bigint', true, false, 'Engaged-view-through purchases on the website.');

-- src/model/model.sql
-- makes the tables of facts from their rows, and their partitions

CREATE TABLE tiktokads.model_state
(
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	version int NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.model_state', '');
COMMENT ON TABLE tiktokads.model_state IS 'Which version of the model was made in this database; empty before the first CALL tiktokads.create_model().';
COMMENT ON COLUMN tiktokads.model_state.only_row IS 'There is at most one row.';
COMMENT ON COLUMN tiktokads.model_state.version IS 'Version of the model, see tiktokads.model_version().';
COMMENT ON COLUMN tiktokads.model_state.made_at IS 'When it was made or completed.';

CREATE FUNCTION tiktokads.model_version() RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1;
COMMENT ON FUNCTION tiktokads.model_version IS 'Version of the model that this extension describes; CALL tiktokads.create_model() brings the tables to it.';

CREATE FUNCTION tiktokads.model_ready() RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT EXISTS (SELECT FROM tiktokads.model_state WHERE version = tiktokads.model_version())
		AND NOT EXISTS (
			SELECT FROM tiktokads.model_relation AS r
			WHERE pg_catalog.to_regclass(pg_catalog.format('tiktokads.%I', r.relation)) IS NULL);
END;
COMMENT ON FUNCTION tiktokads.model_ready IS 'True when every table and view of the model is there, in this extension''s version.';

CREATE FUNCTION tiktokads.partition_name(target name, month date) RETURNS name
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (target || pg_catalog.to_char(month::timestamp, '_YYYYMM'))::name;
COMMENT ON FUNCTION tiktokads.partition_name IS 'Name of the partition of a table that holds a month: report_ad_daily_202601. month: any day of it. NULL for NULL.';

CREATE FUNCTION tiktokads.partition_ensure(target text, from_date date, to_date date) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	month date := date_trunc('month', from_date::timestamp)::date;
	part name;
	made int := 0;
BEGIN
	WHILE month <= to_date LOOP
		part := tiktokads.partition_name(target, month);
		IF to_regclass(format('tiktokads.%I', part)) IS NULL THEN
			-- attaching does not block readers or writers; two makers must take turns
			PERFORM set_config('lock_timeout', '10s', true);
			EXECUTE format('LOCK TABLE ONLY tiktokads.%I IN SHARE UPDATE EXCLUSIVE MODE', target);
			IF to_regclass(format('tiktokads.%I', part)) IS NULL THEN
				EXECUTE format('CREATE TABLE tiktokads.%I (LIKE tiktokads.%I INCLUDING ALL EXCLUDING COMMENTS)', part, target);
				EXECUTE format('ALTER TABLE tiktokads.%I ATTACH PARTITION tiktokads.%I FOR VALUES FROM (%L) TO (%L)',
					target, part, month, (month + interval '1 month')::date);
				made := made + 1;
			END IF;
		END IF;
		month := (month + interval '1 month')::date;
	END LOOP;
	RETURN made;
END;
$$;
COMMENT ON FUNCTION tiktokads.partition_ensure IS 'Makes the monthly partitions of a table of facts that are missing for these days, without blocking its readers and writers; returns how many. NULL dates: none. Syncs do this themselves; call it for data of your own.';
REVOKE ALL ON FUNCTION tiktokads.partition_ensure FROM PUBLIC;

CREATE FUNCTION tiktokads.model_table_make(made tiktokads.model_relation) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	missing record;
BEGIN
	IF to_regclass(format('tiktokads.%I', made.relation)) IS NULL THEN
		EXECUTE (SELECT format('CREATE TABLE tiktokads.%I (%s, PRIMARY KEY (%s))%s', made.relation,
				(SELECT string_agg(format('%I %s', c.name, c.type), ', ' ORDER BY c.position)
					FROM tiktokads.model_column AS c WHERE c.relation = made.relation),
				(SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(made.key_columns) WITH ORDINALITY AS u (k, n)),
				CASE WHEN made.kind = 'partitioned' THEN format(' PARTITION BY RANGE (%I)', made.partition_column) ELSE '' END));
	END IF;
	FOR missing IN
		SELECT c.name, c.type FROM tiktokads.model_column AS c
		WHERE c.relation = made.relation AND NOT EXISTS (
			SELECT FROM pg_attribute AS a
			WHERE a.attrelid = to_regclass(format('tiktokads.%I', made.relation)) AND a.attname = c.name AND NOT a.attisdropped)
		ORDER BY c.position
	LOOP
		EXECUTE format('ALTER TABLE tiktokads.%I ADD COLUMN %I %s', made.relation, missing.name, missing.type);
	END LOOP;
	IF made.kind = 'partitioned' THEN
		PERFORM tiktokads.partition_ensure(made.relation, current_date - 30, (current_date + interval '2 months')::date);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_table_make IS 'Makes one table of the model, or adds the columns that it lacks. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.model_table_make FROM PUBLIC;

CREATE FUNCTION tiktokads.model_comment(made tiktokads.model_relation) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	class oid := to_regclass(format('tiktokads.%I', made.relation));
	differs record;
BEGIN
	IF obj_description(class, 'pg_class') IS DISTINCT FROM made.description THEN
		EXECUTE format('COMMENT ON %s tiktokads.%I IS %L', CASE WHEN made.kind = 'view' THEN 'VIEW' ELSE 'TABLE' END,
			made.relation, made.description);
	END IF;
	FOR differs IN
		SELECT c.name, c.description FROM tiktokads.model_column AS c
			JOIN pg_attribute AS a ON a.attrelid = class AND a.attname = c.name
		WHERE c.relation = made.relation AND col_description(class, a.attnum) IS DISTINCT FROM c.description
	LOOP
		EXECUTE format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', made.relation, differs.name, differs.description);
	END LOOP;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_comment IS 'Gives a table or view of the model and its columns their comments. Part of create_model().';
REVOKE ALL ON FUNCTION tiktokads.model_comment FROM PUBLIC;

CREATE FUNCTION tiktokads.model_create() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made tiktokads.model_relation;
BEGIN
	FOR made IN
		SELECT * FROM tiktokads.model_relation ORDER BY kind = 'view', relation
	LOOP
		IF made.kind = 'view' THEN
			EXECUTE format('CREATE OR REPLACE VIEW tiktokads.%I WITH (security_invoker = true) AS %s',
				made.relation, made.definition);
		ELSE
			PERFORM tiktokads.model_table_make(made);
		END IF;
		PERFORM tiktokads.model_comment(made);
	END LOOP;
	INSERT INTO tiktokads.model_state AS s (version) VALUES (tiktokads.model_version())
	ON CONFLICT (only_row) DO UPDATE SET version = EXCLUDED.version, made_at = EXCLUDED.made_at
	WHERE s.version <> EXCLUDED.version;
END;
$$;
COMMENT ON FUNCTION tiktokads.model_create IS 'Makes or completes every table of facts and view, as the role that runs it. Call create_model() instead, which runs this as tiktokads_worker.';
REVOKE ALL ON FUNCTION tiktokads.model_create FROM PUBLIC;

CREATE PROCEDURE tiktokads.create_model()
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_create_model';
COMMENT ON PROCEDURE tiktokads.create_model IS 'Makes the tables of facts and the views, owned by tiktokads_worker, or completes them after an upgrade; what is there already is kept. connect() calls it. Safe to call again. It commits: call it alone. Makes the role too, when a superuser or a role with CREATEROLE calls it.';
REVOKE ALL ON PROCEDURE tiktokads.create_model FROM PUBLIC;

-- src/model/report.sql
-- daily report tables at four levels, and the view over campaigns

INSERT INTO tiktokads.model_relation (relation, kind, key_columns, partition_column, description) VALUES
	('report_advertiser_daily', 'partitioned', '{advertiser_id,stat_date}', 'stat_date', 'Metrics of ad accounts by day of the account''s time zone.'),
	('report_campaign_daily', 'partitioned', '{advertiser_id,campaign_id,stat_date}', 'stat_date', 'Metrics of campaigns by day of the account''s time zone.'),
	('report_adgroup_daily', 'partitioned', '{advertiser_id,adgroup_id,stat_date}', 'stat_date', 'Metrics of ad groups by day of the account''s time zone.'),
	('report_ad_daily', 'partitioned', '{advertiser_id,ad_id,stat_date}', 'stat_date', 'Metrics of ads by day of the account''s time zone.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT r.relation, 0, 'advertiser_id', 'bigint', 'Ad account.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 1, r.key_columns[2], 'bigint',
	CASE r.key_columns[2] WHEN 'campaign_id' THEN 'Campaign.' WHEN 'adgroup_id' THEN 'Ad group.' ELSE 'Ad.' END
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date' AND r.key_columns[2] <> 'stat_date'
UNION ALL
SELECT r.relation, 2, 'stat_date', 'date', 'Day in the account''s time zone.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 100 + m.position, m.metric, m.type, m.description
FROM tiktokads.model_relation AS r CROSS JOIN tiktokads.metric AS m WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 1001, 'extra', 'jsonb', 'Metrics that have no column, and values that did not fit theirs; NULL when there are none.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date'
UNION ALL
SELECT r.relation, 1002, 'changed_at', 'timestamptz NOT NULL DEFAULT now()', 'When what is stored of the row last changed.'
FROM tiktokads.model_relation AS r WHERE r.partition_column = 'stat_date';

INSERT INTO tiktokads.model_relation (relation, kind, description, definition) VALUES
	('campaign_report', 'view', 'Campaigns by day: names, sums, and ratios recomputed from the sums. One row for each campaign and day that had any.',
$view$SELECT r.stat_date AS date_day,
	r.advertiser_id,
	a.name AS advertiser_name,
	a.currency,
	r.campaign_id,
	c.campaign_name,
	c.objective_type,
	r.spend,
	r.impressions,
	r.clicks,
	r.conversion,
	r.real_time_conversion,
	r.result,
	r.video_play_actions,
	r.video_watched_2s,
	r.video_watched_6s,
	r.video_views_p25,
	r.video_views_p50,
	r.video_views_p75,
	r.video_views_p100,
	r.likes,
	r.comments,
	r.shares,
	r.follows,
	r.complete_payment,
	r.total_complete_payment_rate AS complete_payment_value,
	r.reach,
	r.frequency,
	r.clicks * 100.0 / nullif(r.impressions, 0) AS ctr,
	r.spend / nullif(r.clicks, 0) AS cpc,
	r.spend * 1000 / nullif(r.impressions, 0) AS cpm,
	r.conversion * 100.0 / nullif(r.clicks, 0) AS cvr,
	r.spend / nullif(r.conversion, 0) AS cost_per_conversion,
	r.total_complete_payment_rate / nullif(r.spend, 0) AS complete_payment_roas
FROM tiktokads.report_campaign_daily AS r
	LEFT JOIN tiktokads.campaign AS c ON c.advertiser_id = r.advertiser_id AND c.campaign_id = r.campaign_id
	LEFT JOIN tiktokads.advertiser AS a ON a.advertiser_id = r.advertiser_id$view$);

INSERT INTO tiktokads.model_column (relation, position, name, type, description) VALUES
	('campaign_report', 1, 'date_day', 'date', 'Day in the account''s time zone.'),
	('campaign_report', 2, 'advertiser_id', 'bigint', 'Ad account.'),
	('campaign_report', 3, 'advertiser_name', 'text', 'Name of the ad account.'),
	('campaign_report', 4, 'currency', 'text', 'Currency of all money in the row.'),
	('campaign_report', 5, 'campaign_id', 'bigint', 'Campaign.'),
	('campaign_report', 6, 'campaign_name', 'text', 'Its current name; NULL when the campaign itself was not synced.'),
	('campaign_report', 7, 'objective_type', 'text', 'Its advertising objective.'),
	('campaign_report', 26, 'complete_payment_value', 'numeric', 'Value of purchases on the website (the API calls it total_complete_payment_rate).'),
	('campaign_report', 29, 'ctr', 'numeric', 'Clicks / impressions in percent; NULL without impressions.'),
	('campaign_report', 30, 'cpc', 'numeric', 'Spend / clicks; NULL without clicks.'),
	('campaign_report', 31, 'cpm', 'numeric', 'Spend / impressions x 1000; NULL without impressions.'),
	('campaign_report', 32, 'cvr', 'numeric', 'Conversion / clicks in percent; NULL without clicks.'),
	('campaign_report', 33, 'cost_per_conversion', 'numeric', 'Spend / conversion; NULL without conversions.'),
	('campaign_report', 34, 'complete_payment_roas', 'numeric', 'Value of purchases on the website / spend; NULL without spend.');

INSERT INTO tiktokads.model_column (relation, position, name, type, description)
SELECT 'campaign_report', v.position, m.metric, m.type, m.description
FROM (VALUES (8, 'spend'), (9, 'impressions'), (10, 'clicks'), (11, 'conversion'), (12, 'real_time_conversion'), (13, 'result'),
	(14, 'video_play_actions'), (15, 'video_watched_2s'), (16, 'video_watched_6s'), (17, 'video_views_p25'), (18, 'video_views_p50'),
	(19, 'video_views_p75'), (20, 'video_views_p100'), (21, 'likes'), (22, 'comments'), (23, 'shares'), (24, 'follows'),
	(25, 'complete_payment'), (27, 'reach'), (28, 'frequency')) AS v (position, metric)
	JOIN tiktokads.metric AS m ON m.metric = v.metric;

-- src/model/stream.sql
-- the stream catalogue: what the API offers, as rows

CREATE TABLE tiktokads.stream_shipped
(
	stream text PRIMARY KEY,
	kind text NOT NULL CHECK (kind IN ('account', 'entity', 'report')),
	enabled boolean NOT NULL DEFAULT true,
	priority int NOT NULL DEFAULT 100,
	target name NOT NULL,
	path text NOT NULL,
	list_name text NOT NULL DEFAULT 'list',
	key_columns text[] NOT NULL,
	date_column name,
	tombstone_column name,
	deleted_when jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(deleted_when) = 'object'),
	dimensions text[] NOT NULL DEFAULT '{}',
	metrics text[] NOT NULL DEFAULT '{}',
	parameters jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(parameters) = 'object'),
	rename jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(rename) = 'object'),
	page_size int NOT NULL DEFAULT 1000 CHECK (page_size > 0),
	max_days int NOT NULL DEFAULT 0 CHECK (max_days >= 0),
	lookback_days int NOT NULL DEFAULT 0 CHECK (lookback_days >= 0),
	latency interval NOT NULL DEFAULT '0',
	description text NOT NULL
);
COMMENT ON TABLE tiktokads.stream_shipped IS 'Streams as this version of the extension ships them. Read tiktokads.stream, which has your changes; make them in tiktokads.stream_override.';

CREATE TABLE tiktokads.stream_override
(
	stream text PRIMARY KEY,
	enabled boolean,
	priority int,
	target name,
	path text,
	list_name text,
	key_columns text[],
	date_column name,
	tombstone_column name,
	deleted_when jsonb CHECK (jsonb_typeof(deleted_when) = 'object'),
	dimensions text[],
	metrics text[] CHECK (cardinality(metrics) > 0),
	parameters jsonb CHECK (jsonb_typeof(parameters) = 'object'),
	rename jsonb CHECK (jsonb_typeof(rename) = 'object'),
	page_size int CHECK (page_size > 0),
	max_days int CHECK (max_days >= 0),
	lookback_days int CHECK (lookback_days >= 0),
	latency interval,
	description text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.stream_override', '');
COMMENT ON TABLE tiktokads.stream_override IS 'Your changes to streams: each column that is not NULL replaces the shipped one. It survives upgrades and is part of dumps. A row for a stream that is not shipped has no effect.';

CREATE VIEW tiktokads.stream WITH (security_invoker = true) AS
SELECT s.stream,
	s.kind,
	coalesce(o.enabled, s.enabled) AS enabled,
	coalesce(o.priority, s.priority) AS priority,
	coalesce(o.target, s.target) AS target,
	coalesce(o.path, s.path) AS path,
	coalesce(o.list_name, s.list_name) AS list_name,
	coalesce(o.key_columns, s.key_columns) AS key_columns,
	coalesce(o.date_column, s.date_column) AS date_column,
	coalesce(o.tombstone_column, s.tombstone_column) AS tombstone_column,
	coalesce(o.deleted_when, s.deleted_when) AS deleted_when,
	coalesce(o.dimensions, s.dimensions) AS dimensions,
	coalesce(o.metrics, s.metrics) AS metrics,
	coalesce(o.parameters, s.parameters) AS parameters,
	coalesce(o.rename, s.rename) AS rename,
	coalesce(o.page_size, s.page_size) AS page_size,
	coalesce(o.max_days, s.max_days) AS max_days,
	coalesce(o.lookback_days, s.lookback_days) AS lookback_days,
	coalesce(o.latency, s.latency) AS latency,
	o.stream IS NOT NULL AS overridden,
	coalesce(o.description, s.description) AS description
FROM tiktokads.stream_shipped AS s
	LEFT JOIN tiktokads.stream_override AS o ON o.stream = s.stream;
COMMENT ON VIEW tiktokads.stream IS 'The streams in force: the shipped ones with the changes of tiktokads.stream_override. A stream is one kind of data: an entity list, or a report at one level, grain and breakdown.';

DO $do$
DECLARE
	words constant text[] := ARRAY[
		'stream', 'Name of the stream.',
		'kind', 'account (the ad accounts themselves), entity (a list of current states) or report.',
		'enabled', 'False: not synced unless asked for by name.',
		'priority', 'Lower numbers are synced first.',
		'target', 'Table in schema tiktokads that takes the rows.',
		'path', 'Path of the endpoint below the connection''s base_url.',
		'list_name', 'Member of the reply''s data that holds the rows.',
		'key_columns', 'Columns that tell rows apart: a unique key of the target.',
		'date_column', 'Column with the day of a report''s row; NULL: rows carry no day, and the list is read whole.',
		'tombstone_column', 'Column that gets the time when a row vanishes; NULL: vanished rows are deleted.',
		'deleted_when', 'Object of field and value: a row with any of them is one that TikTok deleted, and gets the tombstone at once.',
		'dimensions', 'Dimensions of a report''s request; empty for entities.',
		'metrics', 'Metrics of a report''s request. One without a column of its own arrives in extra.',
		'parameters', 'Further parameters of the request, as the API documents them; lists and objects as JSON text.',
		'rename', 'Object of reply field and column, where they differ.',
		'page_size', 'Rows in a page, at most what the endpoint allows.',
		'max_days', 'Days that one request may span; 0 for entities.',
		'lookback_days', 'Days back from today that are read again, because their numbers still change.',
		'latency', 'How late the API''s numbers are.',
		'overridden', 'True when stream_override has a row for it.',
		'description', 'What it holds.'];
	relation text;
	w int;
BEGIN
	FOREACH relation IN ARRAY ARRAY['stream_shipped', 'stream_override', 'stream'] LOOP
		FOR w IN 1 .. array_length(words, 1) BY 2 LOOP
			IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = ('tiktokads.' || relation)::pg_catalog.regclass AND attname = words[w]) THEN
				EXECUTE pg_catalog.format('COMMENT ON COLUMN tiktokads.%I.%I IS %L', relation, words[w],
					words[w + 1] || CASE WHEN relation = 'stream_override' AND words[w] <> 'stream' THEN ' NULL: as shipped.' ELSE '' END);
			END IF;
		END LOOP;
	END LOOP;
END;
$do$;

INSERT INTO tiktokads.stream_shipped (stream, kind, priority, target, path, key_columns, page_size, description) VALUES
	('advertiser', 'account', 1, 'advertiser', 'advertiser/info/', '{advertiser_id}', 100, 'Ad accounts: name, currency, time zone, balance.');

INSERT INTO tiktokads.stream_shipped (stream, kind, priority, target, path, key_columns, tombstone_column, deleted_when, parameters, description) VALUES
	('campaign', 'entity', 10, 'campaign', 'campaign/get/', '{advertiser_id,campaign_id}', 'removed_at',
		'{"operation_status": "DELETE", "secondary_status": "CAMPAIGN_STATUS_DELETE"}',
		'{"filtering": "{\"primary_status\":\"STATUS_ALL\"}"}', 'Campaigns, deleted ones included.'),
	('adgroup', 'entity', 11, 'adgroup', 'adgroup/get/', '{advertiser_id,adgroup_id}', 'removed_at',
		'{"operation_status": "DELETE", "secondary_status": "ADGROUP_STATUS_DELETE"}',
		'{"filtering": "{\"primary_status\":\"STATUS_ALL\"}"}', 'Ad groups, deleted ones included.'),
	('ad', 'entity', 12, 'ad', 'ad/get/', '{advertiser_id,ad_id}', 'removed_at',
		'{"operation_status": "DELETE", "secondary_status": "AD_STATUS_DELETE"}',
		'{"filtering": "{\"primary_status\":\"STATUS_ALL\"}"}', 'Ads, deleted ones included.');

-- daily reports: the ID dimension must be that of the level, deleted objects must be asked for
INSERT INTO tiktokads.stream_shipped (stream, kind, priority, target, path, key_columns, date_column, dimensions, metrics, parameters, rename,
	max_days, lookback_days, latency, description)
SELECT 'report_' || l.level || '_daily', 'report', l.priority, 'report_' || l.level || '_daily', 'report/integrated/get/',
	CASE WHEN l.level = 'advertiser' THEN '{advertiser_id,stat_date}' ELSE ARRAY['advertiser_id', l.level || '_id', 'stat_date'] END,
	'stat_date',
	ARRAY[l.level || '_id', 'stat_time_day'],
	(SELECT pg_catalog.array_agg(m.metric ORDER BY m.position) FROM tiktokads.metric AS m WHERE m.requested),
	pg_catalog.jsonb_build_object('report_type', 'BASIC', 'data_level', 'AUCTION_' || pg_catalog.upper(l.level))
		|| CASE WHEN l.level = 'advertiser' THEN '{}' ELSE pg_catalog.jsonb_build_object('filtering',
			'[{"field_name":"' || l.level || '_status","filter_type":"IN","filter_value":"[\"STATUS_ALL\"]"}]') END,
	'{"stat_time_day": "stat_date"}',
	30, 28, '2 hours', l.description
FROM (VALUES
	('advertiser', 20, 'Daily metrics of each ad account.'),
	('campaign', 21, 'Daily metrics of each campaign.'),
	('adgroup', 22, 'Daily metrics of each ad group.'),
	('ad', 23, 'Daily metrics of each ad.')) AS l (level, priority, description);

-- src/api/api.sql
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

-- src/store/store.sql
-- removals that one read alone is not enough for

CREATE TABLE tiktokads.pending_removal
(
	stream text,
	advertiser_id bigint,
	from_date date,
	to_date date,
	vanished bigint NOT NULL,
	digest text NOT NULL,
	seen_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (stream, advertiser_id, from_date, to_date)
);
COMMENT ON TABLE tiktokads.pending_removal IS 'Slices whose last read lacked 30 % or more of the rows that are stored. The rows stay until a second read lacks the same ones.';
COMMENT ON COLUMN tiktokads.pending_removal.stream IS 'Stream of the slice.';
COMMENT ON COLUMN tiktokads.pending_removal.advertiser_id IS 'Ad account of the slice.';
COMMENT ON COLUMN tiktokads.pending_removal.from_date IS 'First day of the slice, -infinity for entities.';
COMMENT ON COLUMN tiktokads.pending_removal.to_date IS 'Last day of the slice, infinity for entities.';
COMMENT ON COLUMN tiktokads.pending_removal.vanished IS 'Rows that are stored but were not in the reply.';
COMMENT ON COLUMN tiktokads.pending_removal.digest IS 'Digest of their keys: the second read must lack the same rows.';
COMMENT ON COLUMN tiktokads.pending_removal.seen_at IS 'When the first read lacked them.';

-- src/account/account.sql
-- procedures of the account room, and the role that owns the model

CREATE PROCEDURE tiktokads.connect
(
	name text,
	access_token_file text DEFAULT NULL,
	access_token text DEFAULT NULL,
	auth_code text DEFAULT NULL,
	app_id text DEFAULT NULL,
	app_secret_file text DEFAULT NULL,
	app_secret text DEFAULT NULL,
	base_url text DEFAULT 'https://business-api.tiktok.com/open_api/v1.3/',
	tier text DEFAULT 'basic',
	proxy text DEFAULT NULL,
	ca_file text DEFAULT NULL,
	advertiser_ids bigint[] DEFAULT NULL
)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_connect';
COMMENT ON PROCEDURE tiktokads.connect IS 'Connects a TikTok developer app: checks the credentials against the API, finds the ad accounts, stores them, and makes the roles and tables that are missing. Give one of access_token_file (preferred), access_token (for this session alone) or auth_code; and app_id with a secret, or advertiser_ids. A name that exists is connected anew. It commits: call it alone. On any error nothing is written.';
REVOKE ALL ON PROCEDURE tiktokads.connect FROM PUBLIC;

CREATE PROCEDURE tiktokads.disconnect(name text)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_disconnect';
COMMENT ON PROCEDURE tiktokads.disconnect IS 'Forgets a connection and its credentials. Its ad accounts and everything that was synced stay. An error when there is no such connection.';
REVOKE ALL ON PROCEDURE tiktokads.disconnect FROM PUBLIC;

CREATE PROCEDURE tiktokads.pause(name text, reason text DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_pause';
COMMENT ON PROCEDURE tiktokads.pause IS 'Stops the syncs of a connection until resume(); the reason is kept for others to read. An error when there is no such connection.';
REVOKE ALL ON PROCEDURE tiktokads.pause FROM PUBLIC;

CREATE PROCEDURE tiktokads.resume(name text)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_resume';
COMMENT ON PROCEDURE tiktokads.resume IS 'Lets a connection sync again, and makes this database the one that acts for it (a restored copy is paused until then). An error when there is no such connection.';
REVOKE ALL ON PROCEDURE tiktokads.resume FROM PUBLIC;

CREATE FUNCTION tiktokads.roles_ready() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'tiktokads_worker')
		AND (SELECT pg_catalog.bool_and(pg_catalog.has_schema_privilege(r.oid, 'tiktokads', 'CREATE')
				AND pg_catalog.has_table_privilege(r.oid, 'tiktokads.connection', 'UPDATE')
				AND pg_catalog.has_table_privilege(r.oid, 'tiktokads.sync_history', 'INSERT'))
			FROM pg_catalog.pg_roles AS r WHERE r.rolname = 'tiktokads_worker');
END;
COMMENT ON FUNCTION tiktokads.roles_ready IS 'True when the role tiktokads_worker exists and has the rights that it needs in this database.';

CREATE PROCEDURE tiktokads.create_roles()
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	member text;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'tiktokads_worker') THEN
		IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
			RAISE insufficient_privilege USING
				MESSAGE = 'permission denied to create role "tiktokads_worker"',
				HINT = 'Have a superuser, or a role with CREATEROLE, run: CALL tiktokads.create_roles();';
		END IF;
		CREATE ROLE tiktokads_worker LOGIN;
	END IF;
	REVOKE CREATE ON SCHEMA tiktokads FROM PUBLIC;
	GRANT USAGE, CREATE ON SCHEMA tiktokads TO tiktokads_worker;
	FOR member IN
		SELECT c.oid::pg_catalog.regclass::text
		FROM pg_catalog.pg_depend AS d
			JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind IN ('r', 'v')
			JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'tiktokads'
		WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
			AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype = 'e'
		ORDER BY 1
	LOOP
		EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO tiktokads_worker', member);
	END LOOP;
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA tiktokads TO tiktokads_worker;
END;
$$;
COMMENT ON PROCEDURE tiktokads.create_roles IS 'Makes the role tiktokads_worker (LOGIN, no password), which owns the tables of facts and as which syncs run, and grants it what it needs in this database. Safe to call again. Needs a superuser or CREATEROLE with rights on the extension''s tables.';
REVOKE ALL ON PROCEDURE tiktokads.create_roles FROM PUBLIC;

-- src/account/advertiser.sql
-- ad accounts: what the API says of them, and whether to sync them

CREATE TABLE tiktokads.advertiser
(
	advertiser_id bigint PRIMARY KEY,
	name text,
	currency text,
	display_timezone text,
	timezone text,
	status text,
	can_use_custom_identity boolean,
	ads_only_mode boolean,
	owner_bc_id bigint,
	role text,
	rejection_reason text,
	company text,
	company_name_editable boolean,
	industry text,
	address text,
	country text,
	advertiser_account_type text,
	contacter text,
	email text,
	cellphone_number text,
	telephone_number text,
	language text,
	license_no text,
	license_url text,
	description text,
	balance numeric,
	create_time timestamptz,
	promotion_area text,
	promotion_center_province text,
	promotion_center_city text,
	license_city text,
	license_province text,
	brand text,
	extra jsonb,
	connection text,
	sync boolean NOT NULL DEFAULT true,
	readable boolean NOT NULL DEFAULT true,
	first_seen_at timestamptz NOT NULL DEFAULT now(),
	changed_at timestamptz NOT NULL DEFAULT now()
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.advertiser', '');
COMMENT ON TABLE tiktokads.advertiser IS 'Ad accounts that a connection may read or could read once, found by connect() and by every sync. Set sync to false to leave one out; what was fetched stays.';
COMMENT ON COLUMN tiktokads.advertiser.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.advertiser.name IS 'Name of the ad account.';
COMMENT ON COLUMN tiktokads.advertiser.currency IS 'Currency of all money of the account (ISO 4217).';
COMMENT ON COLUMN tiktokads.advertiser.display_timezone IS 'IANA time zone of the account: the zone of its report days and hours.';
COMMENT ON COLUMN tiktokads.advertiser.timezone IS 'Time zone as the API writes it: POSIX style with inverted sign. Use display_timezone.';
COMMENT ON COLUMN tiktokads.advertiser.status IS 'Status (open list of words).';
COMMENT ON COLUMN tiktokads.advertiser.can_use_custom_identity IS 'Flag of the API: can use custom identity.';
COMMENT ON COLUMN tiktokads.advertiser.ads_only_mode IS 'Flag of the API: ads only mode.';
COMMENT ON COLUMN tiktokads.advertiser.owner_bc_id IS 'Owner business center id.';
COMMENT ON COLUMN tiktokads.advertiser.role IS 'Role (open list of words).';
COMMENT ON COLUMN tiktokads.advertiser.rejection_reason IS 'Rejection reason.';
COMMENT ON COLUMN tiktokads.advertiser.company IS 'Company.';
COMMENT ON COLUMN tiktokads.advertiser.company_name_editable IS 'Flag of the API: company name editable.';
COMMENT ON COLUMN tiktokads.advertiser.industry IS 'Industry.';
COMMENT ON COLUMN tiktokads.advertiser.address IS 'Address.';
COMMENT ON COLUMN tiktokads.advertiser.country IS 'Country.';
COMMENT ON COLUMN tiktokads.advertiser.advertiser_account_type IS 'Advertiser account type (open list of words).';
COMMENT ON COLUMN tiktokads.advertiser.contacter IS 'Contacter.';
COMMENT ON COLUMN tiktokads.advertiser.email IS 'Email.';
COMMENT ON COLUMN tiktokads.advertiser.cellphone_number IS 'Cellphone number.';
COMMENT ON COLUMN tiktokads.advertiser.telephone_number IS 'Telephone number.';
COMMENT ON COLUMN tiktokads.advertiser.language IS 'Language.';
COMMENT ON COLUMN tiktokads.advertiser.license_no IS 'License no.';
COMMENT ON COLUMN tiktokads.advertiser.license_url IS 'License URL.';
COMMENT ON COLUMN tiktokads.advertiser.description IS 'Description.';
COMMENT ON COLUMN tiktokads.advertiser.balance IS 'Balance in the account''s currency when last fetched.';
COMMENT ON COLUMN tiktokads.advertiser.create_time IS 'When it was created; the API says UTC.';
COMMENT ON COLUMN tiktokads.advertiser.promotion_area IS 'Promotion area.';
COMMENT ON COLUMN tiktokads.advertiser.promotion_center_province IS 'Promotion center province.';
COMMENT ON COLUMN tiktokads.advertiser.promotion_center_city IS 'Promotion center city.';
COMMENT ON COLUMN tiktokads.advertiser.license_city IS 'License city.';
COMMENT ON COLUMN tiktokads.advertiser.license_province IS 'License province.';
COMMENT ON COLUMN tiktokads.advertiser.brand IS 'Brand.';
COMMENT ON COLUMN tiktokads.advertiser.extra IS 'Fields that the API sent and that have no column, or did not fit it; NULL when there are none.';
COMMENT ON COLUMN tiktokads.advertiser.connection IS 'Connection that reads the account; NULL until one does.';
COMMENT ON COLUMN tiktokads.advertiser.sync IS 'False: leave this account out of syncs. Yours to set.';
COMMENT ON COLUMN tiktokads.advertiser.readable IS 'False: the token may no longer read it; it is skipped, and its rows stay.';
COMMENT ON COLUMN tiktokads.advertiser.first_seen_at IS 'When it was first stored.';
COMMENT ON COLUMN tiktokads.advertiser.changed_at IS 'When what the API says of it last changed.';

-- src/account/connection.sql
-- connections: credentials for an app, without any secret in them

CREATE TABLE tiktokads.connection
(
	name text PRIMARY KEY CHECK (name <> '' AND length(name) <= 63),
	app_id text,
	base_url text NOT NULL,
	tier text NOT NULL,
	access_token_file text,
	app_secret_file text,
	proxy text,
	ca_file text,
	advertiser_ids bigint[],
	connected_by name NOT NULL,
	connected_at timestamptz NOT NULL DEFAULT now(),
	system_identifier bigint NOT NULL,
	database_oid oid NOT NULL,
	paused boolean NOT NULL DEFAULT false,
	pause_reason text
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.connection', '');
COMMENT ON TABLE tiktokads.connection IS 'Credentials for a TikTok developer app, and the place they work in. One row for each CALL tiktokads.connect(). It holds paths of secret files, never a secret.';
COMMENT ON COLUMN tiktokads.connection.name IS 'Name given to connect().';
COMMENT ON COLUMN tiktokads.connection.app_id IS 'Developer app; requests of connections that share it share one rate budget. NULL when unknown: the connection has a budget of its own.';
COMMENT ON COLUMN tiktokads.connection.base_url IS 'Where the API answers, with version and trailing slash.';
COMMENT ON COLUMN tiktokads.connection.tier IS 'Rate tier of the app: sandbox, basic, advanced, premium, ultimate (or unlimited against a loopback address).';
COMMENT ON COLUMN tiktokads.connection.access_token_file IS 'File that holds the access token, read at each use. NULL: the token was given literally and lives in the session that gave it.';
COMMENT ON COLUMN tiktokads.connection.app_secret_file IS 'File that holds the app secret, read at each use. NULL: not given, or given literally to a session.';
COMMENT ON COLUMN tiktokads.connection.proxy IS 'Proxy URL for this connection. NULL: none, whatever the environment says.';
COMMENT ON COLUMN tiktokads.connection.ca_file IS 'File of certificate authorities to trust instead of the system''s. NULL: the system''s.';
COMMENT ON COLUMN tiktokads.connection.advertiser_ids IS 'Ad accounts named to connect(). NULL: those that the API lists for the app and token.';
COMMENT ON COLUMN tiktokads.connection.connected_by IS 'Role that connected; a secret file outside tiktokads.secret_directory is read only while that role is a member of pg_read_server_files.';
COMMENT ON COLUMN tiktokads.connection.connected_at IS 'When connect() last succeeded.';
COMMENT ON COLUMN tiktokads.connection.system_identifier IS 'Identifier of the database cluster that connected: a restored copy elsewhere does not act as the original until resume().';
COMMENT ON COLUMN tiktokads.connection.database_oid IS 'Database that connected, likewise.';
COMMENT ON COLUMN tiktokads.connection.paused IS 'True: no sync until CALL tiktokads.resume().';
COMMENT ON COLUMN tiktokads.connection.pause_reason IS 'Why it is paused. NULL when it is not.';

CREATE FUNCTION tiktokads.this_system(OUT system_identifier bigint, OUT database_oid oid)
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tiktokads_this_system';
COMMENT ON FUNCTION tiktokads.this_system IS 'Identifies this database: the identifier of its cluster and its OID. connect() and resume() remember it.';

-- src/sync/sync.sql
-- the history of runs, what is covered, and the procedure that syncs

CREATE TABLE tiktokads.sync_history
(
	run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	connection text NOT NULL,
	stream text NOT NULL,
	advertiser_id bigint NOT NULL,
	from_date date,
	to_date date,
	state text NOT NULL DEFAULT 'running'
		CHECK (state IN ('running', 'done', 'failed', 'postponed', 'split', 'interrupted')),
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz,
	pages bigint NOT NULL DEFAULT 0,
	rows_received bigint NOT NULL DEFAULT 0,
	rows_new bigint NOT NULL DEFAULT 0,
	rows_changed bigint NOT NULL DEFAULT 0,
	rows_unchanged bigint NOT NULL DEFAULT 0,
	rows_removed bigint NOT NULL DEFAULT 0,
	duplicates bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	api_seconds double precision NOT NULL DEFAULT 0,
	db_seconds double precision NOT NULL DEFAULT 0,
	request_ids text[],
	error_code bigint,
	error_message text,
	error_request_id text,
	note text
);
CREATE INDEX sync_history_slice ON tiktokads.sync_history (stream, advertiser_id, started_at);
CREATE INDEX sync_history_running ON tiktokads.sync_history (connection) WHERE state = 'running';
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_history', '');
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_history_run_seq', '');
COMMENT ON TABLE tiktokads.sync_history IS 'One row for each run: one attempt at a slice (stream x advertiser x date range). Its rows and its end are written in one commit with the data.';
COMMENT ON COLUMN tiktokads.sync_history.run IS 'Number of the run.';
COMMENT ON COLUMN tiktokads.sync_history.connection IS 'Connection whose credentials were used.';
COMMENT ON COLUMN tiktokads.sync_history.stream IS 'Stream of the slice.';
COMMENT ON COLUMN tiktokads.sync_history.advertiser_id IS 'Ad account of the slice.';
COMMENT ON COLUMN tiktokads.sync_history.from_date IS 'First day of the slice in the account''s time zone; NULL for entities.';
COMMENT ON COLUMN tiktokads.sync_history.to_date IS 'Last day of the slice; NULL for entities.';
COMMENT ON COLUMN tiktokads.sync_history.state IS 'running; done; failed (see the error); postponed (the API''s budget was spent); split (too large, its parts have rows of their own); interrupted (the backend went away: nothing of it was stored).';
COMMENT ON COLUMN tiktokads.sync_history.started_at IS 'When the slice was claimed.';
COMMENT ON COLUMN tiktokads.sync_history.finished_at IS 'When the run ended; NULL while it runs.';
COMMENT ON COLUMN tiktokads.sync_history.pages IS 'Pages received.';
COMMENT ON COLUMN tiktokads.sync_history.rows_received IS 'Rows received, duplicates included.';
COMMENT ON COLUMN tiktokads.sync_history.rows_new IS 'Rows inserted.';
COMMENT ON COLUMN tiktokads.sync_history.rows_changed IS 'Rows updated.';
COMMENT ON COLUMN tiktokads.sync_history.rows_unchanged IS 'Rows that were stored already with the same values: nothing was written for them.';
COMMENT ON COLUMN tiktokads.sync_history.rows_removed IS 'Report rows deleted and entities given a tombstone because a complete reply lacked them.';
COMMENT ON COLUMN tiktokads.sync_history.duplicates IS 'Rows that came twice in the slice; the last one won.';
COMMENT ON COLUMN tiktokads.sync_history.bytes IS 'Bytes of reply bodies after decompression.';
COMMENT ON COLUMN tiktokads.sync_history.api_seconds IS 'Seconds that its requests took, added up (requests overlap).';
COMMENT ON COLUMN tiktokads.sync_history.db_seconds IS 'Seconds that storing took.';
COMMENT ON COLUMN tiktokads.sync_history.request_ids IS 'The API''s own ids of the requests, for its support.';
COMMENT ON COLUMN tiktokads.sync_history.error_code IS 'Code of the API, or HTTP status, of the failure; NULL when it was neither.';
COMMENT ON COLUMN tiktokads.sync_history.error_message IS 'Why the run failed; NULL when it did not.';
COMMENT ON COLUMN tiktokads.sync_history.error_request_id IS 'Request id of the failure.';
COMMENT ON COLUMN tiktokads.sync_history.note IS 'What else is worth knowing: unknown fields, repaired text, removals that wait for a second read.';

CREATE TABLE tiktokads.sync_state
(
	stream text,
	advertiser_id bigint,
	last_success_at timestamptz,
	covered datemultirange NOT NULL DEFAULT '{}',
	consecutive_failures int NOT NULL DEFAULT 0,
	last_error_at timestamptz,
	last_error_code bigint,
	last_error_message text,
	last_error_request_id text,
	PRIMARY KEY (stream, advertiser_id)
);
SELECT pg_catalog.pg_extension_config_dump('tiktokads.sync_state', '');
COMMENT ON TABLE tiktokads.sync_state IS 'The cursor of each stream and advertiser, moved in one commit with the rows it stands for.';
COMMENT ON COLUMN tiktokads.sync_state.stream IS 'Stream.';
COMMENT ON COLUMN tiktokads.sync_state.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_state.last_success_at IS 'When a slice of it was last stored.';
COMMENT ON COLUMN tiktokads.sync_state.covered IS 'Days that were stored at least once; empty for entities.';
COMMENT ON COLUMN tiktokads.sync_state.consecutive_failures IS 'Failed runs since the last good one.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_at IS 'When a run last failed; NULL if none did since the last good one.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_code IS 'Code of that failure; NULL when it had none.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_message IS 'Message of that failure.';
COMMENT ON COLUMN tiktokads.sync_state.last_error_request_id IS 'Request id of that failure.';

CREATE TABLE tiktokads.endpoint_pause
(
	app text,
	endpoint text,
	until timestamptz NOT NULL,
	reason text,
	PRIMARY KEY (app, endpoint)
);
COMMENT ON TABLE tiktokads.endpoint_pause IS 'Endpoints that the API told an app to leave alone for a while: five minutes after too many requests in a minute, until 00:00 UTC after too many in a day.';
COMMENT ON COLUMN tiktokads.endpoint_pause.app IS 'Developer app, or connection:name where the app is unknown.';
COMMENT ON COLUMN tiktokads.endpoint_pause.endpoint IS 'Path of the endpoint.';
COMMENT ON COLUMN tiktokads.endpoint_pause.until IS 'No request before this time.';
COMMENT ON COLUMN tiktokads.endpoint_pause.reason IS 'What the API said.';

CREATE VIEW tiktokads.sync_status WITH (security_invoker = true) AS
SELECT a.connection,
	a.advertiser_id,
	a.name AS advertiser_name,
	s.stream,
	t.last_success_at,
	lower(t.covered) AS covered_from,
	upper(t.covered) - 1 AS covered_to,
	t.covered,
	coalesce(t.consecutive_failures, 0) AS consecutive_failures,
	t.last_error_at,
	t.last_error_code,
	t.last_error_message,
	t.last_error_request_id,
	a.sync AND a.readable AND NOT c.paused
		AND (c.system_identifier, c.database_oid) = (h.system_identifier, h.database_oid) AS active
FROM tiktokads.advertiser AS a
	JOIN tiktokads.connection AS c ON c.name = a.connection
	CROSS JOIN tiktokads.stream AS s
	CROSS JOIN tiktokads.this_system() AS h
	LEFT JOIN tiktokads.sync_state AS t ON t.stream = s.stream AND t.advertiser_id = a.advertiser_id
WHERE s.enabled AND s.kind IN ('entity', 'report');
COMMENT ON VIEW tiktokads.sync_status IS 'How fresh each stream of each advertiser is, and what went wrong last.';
COMMENT ON COLUMN tiktokads.sync_status.connection IS 'Connection that reads the ad account.';
COMMENT ON COLUMN tiktokads.sync_status.advertiser_id IS 'Ad account.';
COMMENT ON COLUMN tiktokads.sync_status.advertiser_name IS 'Its name.';
COMMENT ON COLUMN tiktokads.sync_status.stream IS 'Enabled stream.';
COMMENT ON COLUMN tiktokads.sync_status.last_success_at IS 'When a slice was last stored; NULL: never.';
COMMENT ON COLUMN tiktokads.sync_status.covered_from IS 'First day stored; NULL for entities, or when there is none.';
COMMENT ON COLUMN tiktokads.sync_status.covered_to IS 'Last day stored, likewise.';
COMMENT ON COLUMN tiktokads.sync_status.covered IS 'The days stored, with the gaps between them.';
COMMENT ON COLUMN tiktokads.sync_status.consecutive_failures IS 'Failed runs since the last good one.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_at IS 'When a run last failed; NULL if none did since the last good one.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_code IS 'Code of the API or HTTP status of that failure.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_message IS 'Message of that failure.';
COMMENT ON COLUMN tiktokads.sync_status.last_error_request_id IS 'The API''s request id of that failure.';
COMMENT ON COLUMN tiktokads.sync_status.active IS 'False: nothing is fetched, because the connection is paused (or belongs to another database), or the advertiser is switched off or may not be read.';

CREATE PROCEDURE tiktokads.sync
(
	connection text DEFAULT NULL,
	stream text DEFAULT NULL,
	advertiser_id bigint DEFAULT NULL,
	from_date date DEFAULT NULL,
	to_date date DEFAULT NULL
)
LANGUAGE c AS 'MODULE_PATHNAME', 'tiktokads_sync';
COMMENT ON PROCEDURE tiktokads.sync IS 'Fetches from the API and stores what is new or changed: by default the last 30 days (in each account''s time zone) of every enabled stream of every advertiser of every connection. NULL means all. Each slice is committed with its cursor; a slice that fails is recorded and stops no other, and the call ends with an error that counts them. It commits: call it alone, from psql or pg_cron.';
REVOKE ALL ON PROCEDURE tiktokads.sync FROM PUBLIC;

