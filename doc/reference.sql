-- make reference: the reference of every public object, from the comments of a database that has them
\set QUIET on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CALL tiktokads.create_model();
SELECT E'# Reference\n\nMade by `make reference` from the comments of the database: `\\d+ tiktokads.NAME` and `\\df+ tiktokads.NAME` in psql show the same.\n'
	'Roles in brackets may call or read it; `tiktokads_worker` may all.';

CREATE FUNCTION pg_temp.roles_of(wanted_kind text, wanted text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(' (' || string_agg(DISTINCT substr(p.role, 11), ', ' ORDER BY substr(p.role, 11)) || ')', '')
	FROM tiktokads.role_privileges() AS p
	WHERE p.kind = wanted_kind AND p.object = wanted AND p.privilege IN ('SELECT', 'EXECUTE') AND p.role <> 'tiktokads_worker'
$$;
SELECT format(E'\n## %s\n', t.title) || string_agg(format(E'- **`tiktokads.%s(%s)`**%s%s\n  %s', p.proname, pg_get_function_arguments(p.oid),
		CASE WHEN p.prokind <> 'p' THEN ' → `' || pg_get_function_result(p.oid) || '`' ELSE '' END,
		pg_temp.roles_of('routine', p.oid::regprocedure::text), obj_description(p.oid, 'pg_proc')), E'\n' ORDER BY p.proname, p.oid)
FROM pg_proc AS p
	JOIN (VALUES (1, 'p', 'Procedures'), (2, 'f', 'Functions'), (3, 'a', 'Aggregates'), (4, 'w', 'Window functions')) AS t (position, kind, title) ON t.kind = p.prokind
WHERE p.pronamespace = 'tiktokads'::regnamespace
GROUP BY t.position, t.title ORDER BY t.position;
SELECT format(E'\n## %s', t.title) || string_agg(format(E'\n\n### `tiktokads.%s`%s\n\n%s\n\n| column | type | |\n|---|---|---|\n%s', c.relname,
		pg_temp.roles_of('relation', c.oid::regclass::text), obj_description(c.oid, 'pg_class'),
		(SELECT string_agg(format('| `%s` | %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod), replace(col_description(c.oid, a.attnum), '|', '\|')), E'\n' ORDER BY a.attnum)
			FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
				AND NOT (c.relname LIKE 'report\_%' AND EXISTS (SELECT FROM tiktokads.metric AS m WHERE m.metric = a.attname)))
		|| CASE WHEN c.relname LIKE 'report\_%' THEN E'\n\nand a column for each metric of `tiktokads.metric` that has one there.' ELSE '' END), '' ORDER BY c.relname)
FROM pg_class AS c
	JOIN (VALUES (1, '{v}'::text[], 'Views'), (2, '{r,p}', 'Tables')) AS t (position, kinds, title) ON c.relkind::text = ANY (t.kinds)
WHERE c.relnamespace = 'tiktokads'::regnamespace AND NOT c.relispartition
GROUP BY t.position, t.title ORDER BY t.position;
SELECT E'\n## Settings\n\n| setting | unit | default | who and when | |\n|---|---|---|---|---|\n' || string_agg(format('| `%s` | %s | `%s` | %s | %s |', name, unit, default_setting, context, description), E'\n' ORDER BY name)
FROM tiktokads.settings;
