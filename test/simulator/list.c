/*
 * list.c: serves the smaller lists: Smart+, GMV Max, pixels, audiences,
 * creatives, identities and reference lists.
 *
 * Stays true: each list has its own name in the reply, its own page size at
 * most, and refuses parameters that it does not know; rows are made from the
 * seed and the clock alone.
 */
#include "options.h"
#include "request.h"

#include <stdio.h>

typedef struct List
{
	const char *path;
	const char *name;			/* of the list in data */
	int			most;			/* page size, 0: not paged */
	bool		filtering;		/* takes a filter object */
	int			rows;			/* per ad account */
	void		(*put) (Buffer *out, const Advertiser *adv, int row, int64 now);
} List;

/* A number that belongs to an account and a row. */
int64
list_number(const Advertiser *adv, int row, int64 kind)
{
	return 7200000000000000000LL + (int64) (noise(adv->seed, (uint64) kind, (uint64) row) % 90000000000000000ULL);
}

/* A time in the past, as text. */
static const char *
past(const Advertiser *adv, int row, char out[20])
{
	time_format(adv->created + (int64) row * 86400 + 3600, out);
	return out;
}

/* Writes a Smart+ campaign; one in four is deleted. */
static void
put_smart_campaign(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"campaign_id\":\"%lld\",\"campaign_name\":\"Smart+ %d\",\"objective_type\":\"WEB_CONVERSIONS\",\"budget\":100.0,"
			   "\"budget_mode\":\"BUDGET_MODE_DAY\",\"operation_status\":\"%s\",\"secondary_status\":\"%s\",\"create_time\":\"%s\",\"modify_time\":null}",
			   (long long) list_number(adv, row, 11), row, row % 4 == 3 ? "DELETE" : "ENABLE",
			   row % 4 == 3 ? "CAMPAIGN_STATUS_DELETE" : "CAMPAIGN_STATUS_ENABLE", past(adv, row, time));
	(void) now;
}

/* Writes a Smart+ ad group. */
static void
put_smart_adgroup(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"adgroup_id\":\"%lld\",\"adgroup_name\":\"Smart+ group %d\",\"campaign_id\":\"%lld\",\"budget\":50.0,\"optimization_goal\":\"CONVERT\","
			   "\"operation_status\":\"ENABLE\",\"secondary_status\":\"ADGROUP_STATUS_DELIVERY_OK\",\"create_time\":\"%s\",\"modify_time\":\"%s\"}",
			   (long long) list_number(adv, row, 12), row, (long long) list_number(adv, row, 11), past(adv, row, time), time);
	(void) now;
}

/* Writes a Smart+ ad, whose modify_time is null as real ones' are. */
static void
put_smart_ad(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"smart_plus_ad_id\":\"%lld\",\"ad_name\":\"Smart+ ad %d\",\"adgroup_id\":\"%lld\",\"campaign_id\":\"%lld\",\"operation_status\":\"ENABLE\","
			   "\"creative_list\":[{\"ad_id\":\"%lld\"}],\"create_time\":\"%s\",\"modify_time\":null}",
			   (long long) list_number(adv, row, 13), row, (long long) list_number(adv, row, 12), (long long) list_number(adv, row, 11),
			   (long long) list_number(adv, row, 14), past(adv, row, time));
	(void) now;
}

/* Writes a GMV Max campaign. */
static void
put_gmv_campaign(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"advertiser_id\":\"%lld\",\"campaign_id\":\"%lld\",\"campaign_name\":\"GMV Max %d\",\"objective_type\":\"PRODUCT_SALES\","
			   "\"operation_status\":\"ENABLE\",\"secondary_status\":\"CAMPAIGN_STATUS_ENABLE\",\"create_time\":\"%s\",\"modify_time\":\"%s\"}",
			   (long long) adv->id, (long long) list_number(adv, row, LIST_GMV_CAMPAIGN), row, past(adv, row, time), time);
	(void) now;
}

/* Writes a shop. */
static void
put_store(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	put_format(out, "{\"store_id\":\"%lld\",\"store_name\":\"%s shop %d\",\"store_status\":\"ACTIVE\",\"targeting_region_codes\":[\"%s\"],\"is_gmv_max_available\":true}",
			   (long long) list_number(adv, row, LIST_STORE), "Simulated", row, adv->market->country);
	(void) now;
}

/* Writes a pixel. */
static void
put_pixel(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"pixel_id\":\"%lld\",\"pixel_code\":\"C%08X\",\"pixel_name\":\"Pixel %d\",\"pixel_category\":\"ONLINE_STORE\",\"pixel_setup_mode\":\"STANDARD\","
			   "\"partner_name\":null,\"events\":[{\"event_type\":\"ON_WEB_ORDER\"}],\"create_time\":\"%s\"}",
			   (long long) list_number(adv, row, 17), (unsigned) (noise(adv->seed, 17, (uint64) row) >> 32), row, past(adv, row, time));
	(void) now;
}

/* Writes a custom audience. */
static void
put_audience(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"audience_id\":\"%lld\",\"name\":\"Audience %d\",\"audience_type\":\"Customer File\",\"calculate_type\":\"IDFA_SHA256\",\"cover_num\":%d,"
			   "\"is_valid\":true,\"is_expiring\":false,\"is_creator\":true,\"shared\":false,\"create_time\":\"%s\",\"expired_time\":\"2030-01-01 00:00:00\"}",
			   (long long) list_number(adv, row, 18), row, 1000 + row, past(adv, row, time));
	(void) now;
}

/* Writes a video, whose link is signed for six hours. */
static void
put_video(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];
	char		expiry[20];

	time_format((now / 21600 + 1) * 21600, expiry);
	put_format(out, "{\"video_id\":\"v10033g5%08x\",\"material_id\":\"%lld\",\"file_name\":\"clip %d.mp4\",\"format\":\"mp4\",\"duration\":15.4,\"width\":720,\"height\":1280,"
			   "\"size\":%d,\"bit_rate\":1500000,\"signature\":\"%016llx\",\"displayable\":true,\"allow_download\":true,\"allowed_placements\":[\"PLACEMENT_TIKTOK\"],"
			   "\"video_cover_url\":\"https://cdn.example/c%d?x-expires=%lld\",\"preview_url\":\"https://cdn.example/v%d?x-expires=%lld\",\"preview_url_expire_time\":\"%s\",",
			   (unsigned) row, (long long) list_number(adv, row, 19), row, 100000 + row, (unsigned long long) noise(adv->seed, 19, (uint64) row),
			   row, (long long) (now / 21600 + 1) * 21600, row, (long long) (now / 21600 + 1) * 21600, expiry);
	past(adv, row, time);
	time[10] = 'T';
	put_format(out, "\"create_time\":\"%sZ\",\"modify_time\":\"%sZ\"}", time, time);
}

/* Writes an image. */
static void
put_image(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	past(adv, row, time);
	time[10] = 'T';
	put_format(out, "{\"image_id\":\"ad-site-i18n/%08x\",\"material_id\":\"%lld\",\"file_name\":\"picture %d.jpg\",\"format\":\"jpeg\",\"width\":640,\"height\":640,\"size\":%d,"
			   "\"signature\":\"%016llx\",\"displayable\":true,\"is_carousel_usable\":false,\"image_url\":\"https://cdn.example/i%d\",\"create_time\":\"%sZ\",\"modify_time\":\"%sZ\"}",
			   (unsigned) row, (long long) list_number(adv, row, 20), row, 5000 + row, (unsigned long long) noise(adv->seed, 20, (uint64) row), row, time, time);
	(void) now;
}

/* Writes a piece of music. */
static void
put_music(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	char		time[20];

	put_format(out, "{\"music_id\":\"%d\",\"material_id\":\"%lld\",\"sources\":[{\"type\":\"main page\"}],\"author\":\"author %d\",\"liked\":false,\"cover_url\":\"https://cdn.example/m%d\","
			   "\"url\":\"https://cdn.example/m%d.mp3\",\"duration\":4.34,\"style\":\"rock\",\"signature\":\"s\",\"name\":\"song %d\",\"file_name\":\"song%d.mp3\",\"copyright\":\"c\","
			   "\"create_time\":\"%s\",\"modify_time\":\"%s\"}", 1000 + row, (long long) list_number(adv, row, 21), row, row, row, row, row, past(adv, row, time), time);
	(void) now;
}

/* Writes a portfolio. */
static void
put_portfolio(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	put_format(out, "{\"creative_portfolio_id\":\"%lld\",\"creative_portfolio_type\":\"CTA\",\"creative_portfolio_preview_url\":\"https://cdn.example/p%d\"}",
			   (long long) list_number(adv, row, 22), row);
	(void) now;
}

/* Writes an identity. */
static void
put_identity(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	put_format(out, "{\"identity_id\":\"id-%lld\",\"identity_type\":\"CUSTOMIZED_USER\",\"display_name\":\"Brand %d\",\"profile_image_url\":\"https://cdn.example/u%d\",\"available_status\":\"AVAILABLE\"}",
			   (long long) list_number(adv, row, 23), row, row);
	(void) now;
}

/* Writes a region. */
static void
put_region(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	put_format(out, "{\"location_id\":\"%d\",\"name\":\"Region %d\",\"region_code\":\"%s\",\"parent_id\":\"%d\",\"level\":\"%s\"}",
			   6252001 + row, row, adv->market->country, row == 0 ? 0 : 6252001, row == 0 ? "COUNTRY" : "PROVINCE");
	(void) now;
}

/* Writes a language. */
static void
put_language(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	static const char *const codes[] = {"en", "de", "fr", "es", "ja", "ko"};

	put_format(out, "{\"code\":\"%s\",\"name\":\"Language %d\"}", codes[row], row);
	(void) adv, (void) now;
}

/* Writes an interest category. */
static void
put_interest(Buffer *out, const Advertiser *adv, int row, int64 now)
{
	put_format(out, "{\"interest_category_id\":\"%d\",\"interest_category_name\":\"Interest %d\",\"level\":1,\"sub_category_ids\":[\"%d001\"],\"placements\":[\"PLACEMENT_TIKTOK\"]}",
			   20 + row, row, 20 + row);
	(void) adv, (void) now;
}

static const List lists[] = {
	{"smart_plus/campaign/get/", "list", 1000, true, 9, put_smart_campaign},
	{"smart_plus/adgroup/get/", "list", 1000, true, 9, put_smart_adgroup},
	{"smart_plus/ad/get/", "list", 1000, true, 9, put_smart_ad},
	{"campaign/spc/get/", "list", 100, true, 0, put_smart_campaign},
	{"gmv_max/campaign/get/", "list", 100, true, GMV_CAMPAIGNS - 1, put_gmv_campaign},
	{"gmv_max/store/list/", "store_list", 0, false, GMV_STORES, put_store},
	{"pixel/list/", "pixels", 20, false, 23, put_pixel},
	{"dmp/custom_audience/list/", "list", 100, false, 5, put_audience},
	{"file/video/ad/search/", "list", 100, true, 130, put_video},
	{"file/image/ad/search/", "list", 100, true, 12, put_image},
	{"file/music/get/", "musics", 100, true, 7, put_music},
	{"creative/portfolio/list/", "creative_portfolios", 100, false, 2, put_portfolio},
	{"identity/get/", "identity_list", 100, true, 3, put_identity},
	{"tool/region/", "region_info", 0, false, 8, put_region},
	{"tool/language/", "languages", 0, false, 6, put_language},
	{"tool/interest_category/", "interest_categories", 0, false, 6, put_interest},
};

/* Serves one of the lists. */
int
serve_list(Request *request, Buffer *out)
{
	const List *list = lists;
	Advertiser *adv;
	int64		from = 0,
				to,
				i;
	ParamRule	rules[] = {
		{"advertiser_id", PARAM_ID, true, 0, 0, NULL},
		{"page", PARAM_INTEGER, false, 1, 1000000, NULL},
		{"page_size", PARAM_INTEGER, false, 1, 1000, NULL},
		{"filtering", PARAM_OBJECT, false, 0, 0, NULL},
		{"placements", PARAM_STRINGS, false, 1, 10, NULL},
		{"objective_type", PARAM_TEXT, false, 0, 0, NULL},
	};

	while (strcmp(list->path, request->endpoint->path) != 0)
		list++;
	rules[2].most = list->most > 0 ? list->most : 1;
	if (params_check(request, rules, strcmp(list->path, "tool/region/") == 0 ? 6 : list->filtering ? 4 : list->most > 0 ? 3 : 1) ||
		(adv = advertiser_param(request)) == NULL)
		return request->code;
	put_format(out, "\"%s\":[", list->name);
	to = list->rows;
	if (list->most == 0 || page_bounds(request, list->rows, &from, &to))
		for (i = from; i < to; i++)
		{
			put_text(out, i > from ? "," : "");
			list->put(out, adv, (int) i, request->now);
			request->rows++;
		}
	put_text(out, "]");
	if (list->most > 0)
	{
		put_text(out, ",");
		put_page_info(out, request, list->rows);
	}
	return 0;
}
