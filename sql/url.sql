-- parts of URLs, and their parameters
\x on
\pset format unaligned
SELECT u.n, (tiktokads.url_parse(u.url)).*
FROM (VALUES
	(1, 'https://User:pw@Shop.Example.com:8443/a/b?my_utm_source=x&utm_source=tik%20tok+ads&utm_medium=&utm_medium=cpc#utm_term=fragment'),
	(2, 'HTTPS://EXAMPLE.com'),
	(3, 'http://[::1]:80/x?utm_source=a#b'),
	(4, 'www.example.com/shop?utm_campaign=%F0%9F%98%80'),
	(5, 'landing_page'),
	(6, ''),
	(7, NULL),
	(8, 'https://example.com?utm_term=%00%zz%4&utm_content=%FF%C3%28'),
	(9, '//cdn.example.com/z'),
	(10, 'android-app://com.example/http/a?utm_source=b'),
	(11, 'mailto:a@example.com'),
	(12, 'https://example.com:99999/?%75tm_source=encoded+name&UTM_SOURCE=other'),
	(13, '  https://example.com/a?b=c?d&utm_source=x%3Dy=z  '),
	(14, 'https://münchen.example/straße')) AS u (n, url);
\x off
SELECT tiktokads.url_parameter('https://example.com/?a=1&a=2&b%63=%E4%BD%A0&c', n) FROM unnest(ARRAY['a', 'bc', 'c', 'd', '', NULL]) AS n;
