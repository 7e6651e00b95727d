-- every metric was shipped: the new column that tells them from the user's would make them the user's
DELETE FROM tiktokads.metric;

-- its columns were put in another order, and no row of it is the user's
SELECT tiktokads.update_drop('pg_class'::regclass, 'tiktokads.stream'::regclass);
DROP TABLE tiktokads.stream_shipped;
