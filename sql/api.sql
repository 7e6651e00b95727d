-- what is done about each return code of the API
SELECT code_from, code_to, verdict FROM tiktokads.api_code() WHERE code_from IN (0, 40001, 40002, 40067, 40100, 40105, 40133, 50000, 51000) ORDER BY 1, 2;

-- the verdict on a code is that of the first row that holds it
SELECT c AS code, (SELECT verdict FROM tiktokads.api_code() WITH ORDINALITY AS a WHERE c BETWEEN code_from AND code_to ORDER BY ordinality LIMIT 1) AS verdict
FROM unnest(ARRAY[0, 20001, 40000, 40001, 40002, 40011, 40016, 40067, 40100, 40101, 40102, 40105, 40118, 40132, 40133, 40200, 40202, 40300, 40400,
	40700, 41000, 50000, 50002, 51001, 51047, 51099, 52204, 53103, 55555, 60001, 61000]) AS c;
-- codes that nobody documented are given up, and every row that is not well has words
SELECT verdict FROM tiktokads.api_code() WHERE code_from IS NULL;
SELECT count(*) FROM tiktokads.api_code() WHERE verdict NOT IN ('ok', 'retry', 'wait', 'split', 're-authorise', 'give up') OR meaning = '';
