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
