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

CREATE FUNCTION tiktokads.check_clock(connection text, seconds_ahead bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF abs(seconds_ahead) > 300 THEN
		PERFORM tiktokads.finding_raise('clock_skew', $1, NULL, NULL, NULL, NULL,
			format('the clock of this server is %s seconds %s that of the API', abs(seconds_ahead), CASE WHEN seconds_ahead > 0 THEN 'behind' ELSE 'ahead of' END),
			'Let NTP set the clock: what is due and how long the API wants to be left alone go by it.', 'warning');
	ELSE
		PERFORM tiktokads.finding_clear('clock_skew', $1, NULL, NULL);
	END IF;
END;
$$;
COMMENT ON FUNCTION tiktokads.check_clock IS 'Raises and clears the finding clock_skew of a connection: more than five minutes between the API''s clock and that of this server, as seen when the ad accounts were listed. Syncs call it.';
REVOKE ALL ON FUNCTION tiktokads.check_clock FROM PUBLIC;
