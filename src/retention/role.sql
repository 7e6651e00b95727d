-- who may remove, hold, erase, export and audit, as rows of role_rule

INSERT INTO tiktokads.role_rule (role, target, name, privilege, withheld, purpose)
SELECT r.role, r.target, n, r.privilege, r.withheld, r.purpose
FROM (VALUES
	('tiktokads_privacy', 'routine', '{set_retention,remove_retention,apply_retention,retention_plan,place_hold,release_hold,erase_subject,export_subject,reapply_erasures}',
		'EXECUTE', false, 'Erase, export and hold, and set how long things are kept.'),
	('tiktokads_privacy', 'routine', '{pseudonym,pseudonyms,hash_email,hash_phone,hash_external_id,normalise_email,normalise_phone}',
		'EXECUTE', false, 'Find people by what is stored of them.'),
	('tiktokads_privacy', 'routine', '{verify_purge_log,purge_log_hash,sha256_hex}', 'EXECUTE', false, 'Prove what was removed.'),
	('tiktokads_privacy', 'relation', '{purge_log,purge_log_head,expired_range,erasure,erased_subject,legal_hold}', 'SELECT', false, 'Prove what was removed, and what is held.'),
	('tiktokads_privacy', 'relation', '{retention_policy,retention_default,retention_override,personal_relation,personal_column,unregistered_column,model_relation}',
		'SELECT', false, 'Know the rules, and where personal data is.'),
	('tiktokads_operator', 'routine', '{apply_retention}', 'EXECUTE', false, 'Run what runs.'),
	('tiktokads_monitor', 'relation', '{purge_log,purge_log_head,retention_policy}', 'SELECT', false, 'See how it goes.'),
	('tiktokads_monitor', 'routine', '{verify_purge_log,purge_log_hash,sha256_hex}', 'EXECUTE', false, 'See how it goes.'),
	-- these read with the owner's rights, or under a key that is not the reader's
	('tiktokads_analyst', 'routine', '{export_subject,retention_plan,pseudonym,pseudonyms}', 'EXECUTE', true, 'Find nobody by name.'),
	('tiktokads_analyst', 'relation', '{conversion}', 'SELECT', true, 'Its masked view has what may be counted by.'),
	('tiktokads_worker', 'relation', '{purge_log}', 'UPDATE', true, 'The log is append-only.'),
	('tiktokads_worker', 'relation', '{purge_log}', 'DELETE', true, 'The log is append-only.'))
	AS r (role, target, names, privilege, withheld, purpose)
	CROSS JOIN unnest(r.names::name[]) AS n;
