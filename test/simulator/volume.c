/*
 * volume.c: computes an ad's additive numbers of a day, or of some hours.
 *
 * Stays true: a number depends on the seed, the ad, the day, the day's age and
 * control's factor alone.  Hours are differences of a cumulative share of
 * the day (floor), so hours sum to days exactly; a sum over any ads is the sum
 * of their numbers, so all levels agree to the cent.  Conversions only
 * grow with age, up to 28 days; spend is final after 3 days.
 */
#include "volume.h"
#include "options.h"

#define HOUR_PROFILES 8
#define GROWTH_DAYS 28

typedef enum How
{
	ROOT, COST, SHARE, MORE, REST, GROWING, RESULT, PRICE
} How;

typedef struct Recipe
{
	short		parent;
	short		how;
	uint32		ppm;
	uint32		objectives;
} Recipe;

#define BASE_RECIPE(id, parent, ppm, mask, how) {BASE_##parent, how, ppm, mask},
static const Recipe recipes[BASE_COUNT] = {BASES(BASE_RECIPE)};

/* Shares of the parent with a 20 bit fraction (prices: plain), per profile. */
static uint32 rates[OBJECTIVES * VARIANTS][BASE_COUNT];
/* Cumulative shares of a day in 4096ths, per hour profile. */
static int64 hour_share[HOUR_PROFILES][25];
static int64 growth[GROWTH_DAYS + 1];

static const Base result_source[OBJECTIVES] = {
	[OBJ_TRAFFIC] = BASE_CLICKS,[OBJ_WEB] = BASE_CONVERSION,[OBJ_APP] = BASE_CONVERSION,
	[OBJ_VIDEO] = BASE_WATCHED_6S,[OBJ_LEAD] = BASE_CONVERSION,[OBJ_SALES] = BASE_CONVERSION,
	[OBJ_ENGAGEMENT] = BASE_ENGAGEMENTS,
};

/* Fills the hour profiles: quiet nights, a peak that differs by profile. */
static void
prepare_hours(void)
{
	static const int curve[24] = {9, 6, 4, 3, 3, 5, 9, 14, 18, 20, 21, 22, 24, 24, 23, 23, 25, 28, 32, 36, 38, 34, 25, 16};
	int			p,
				h;

	for (p = 0; p < HOUR_PROFILES; p++)
	{
		int64		total = 0,
					sum = 0;

		for (h = 0; h < 24; h++)
			total += curve[(h + p) % 24] + p;
		for (h = 0; h < 24; h++)
		{
			hour_share[p][h] = sum * 4096 / total;
			sum += curve[(h + p) % 24] + p;
		}
		hour_share[p][24] = 4096;
	}
}

/* Fills the tables that depend on the seed alone. */
void
volume_prepare(void)
{
	int			p,
				b,
				age;

	for (p = 0; p < OBJECTIVES * VARIANTS; p++)
	{
		for (b = 0; b < BASE_COUNT; b++)
		{
			const Recipe *recipe = &recipes[b];
			uint64		vary = 700 + noise(world.seed, 100 + (uint64) p, (uint64) b) % 600;
			uint64		rate = (uint64) recipe->ppm * vary / 1000;

			if (recipe->how == SHARE && recipe->ppm <= 1000000 && rate > 1000000)
				rate = 1000000;
			if (recipe->how != PRICE)
				rate = (rate << 20) / 1000000;
			rates[p][b] = recipe->objectives >> (p / VARIANTS) & 1 ? (uint32) rate : 0;
		}
	}
	for (age = 0; age <= GROWTH_DAYS; age++)
		growth[age] = 1024 - 524 * (GROWTH_DAYS - age) * (GROWTH_DAYS - age) / (GROWTH_DAYS * GROWTH_DAYS);
	prepare_hours();
}

/* Marks an additive number as needed, with everything it is made from. */
void
program_need(Program *program, Base base)
{
	int			i;

	if (program->need[base])
		return;
	program->need[base] = true;
	if (recipes[base].parent != (short) base)
		program_need(program, (Base) recipes[base].parent);
	if (recipes[base].how == REST)
		program_need(program, BASE_VOUCHER_SPEND);
	if (base == BASE_RESULT)
		for (i = 0; i < OBJECTIVES; i++)
			program_need(program, result_source[i]);
	if (base == BASE_REAL_TIME_RESULT)
		program_need(program, BASE_RESULT);
}

/* Lists the needed numbers in the order in which they are computed. */
void
program_finish(Program *program)
{
	int			b;

	program_need(program, BASE_IMPRESSIONS);
	program->steps = 0;
	for (b = 0; b < BASE_COUNT; b++)
		if (program->need[b])
			program->step[program->steps++] = (short) b;
}

/* Says what is visible of a day for an account at a moment. */
void
dayview_set(DayView *view, const Advertiser *adv, int day, int64 now)
{
	int64		local = floor_div(zone_local(adv->zone, now), 3600);
	int			today = (int) floor_div(local, 24);
	int			i;

	view->day = day;
	view->age = today - day;
	view->hours = day < today ? 24 : day > today ? 0 : (int) (local - (int64) today * 24);
	if (day < world.first_day)
		view->hours = 0;
	view->missing_hour = zone_missing_hour(adv->zone, day);
	view->factor = 100;
	for (i = 0; i < world.restatements; i++)
	{
		const Restatement *r = &world.restatement[i];

		if ((r->advertiser_id == 0 || r->advertiser_id == adv->id) && day >= r->from && day <= r->to)
			view->factor = r->percent;
	}
}

/* Tells whether an ad has a row for a day, and which hours of it show. */
bool
ad_delivers(const Advertiser *adv, int ad, const DayView *view, int *from, int *to)
{
	const Run  *run = &adv->run[ad];
	const Node *node = &adv->node[LEVEL_AD][ad];
	int			day = view->day;

	if (day < run->first_day || day > run->last_day || node->vanished)
		return false;
	*from = day == run->first_day ? run->first_hour : 0;
	*to = day == run->last_day ? run->last_hour : 24;
	if (*to > view->hours)
		*to = view->hours;
	if (*to <= *from || (*to - *from == 1 && *from == view->missing_hour))
		return false;
	return options.dense || noise(node->seed, 5, (uint64) day) % 32 != 0;
}

/* Computes the root of all: the impressions of a whole day. */
static int64
day_impressions(const Advertiser *adv, int ad, const DayView *view, uint64 h)
{
	static const int weekday[7] = {98, 100, 103, 108, 112, 95, 90};
	const Node *node = &adv->node[LEVEL_AD][ad];
	uint64		shock = noise(adv->node[LEVEL_ADGROUP][node->parent].seed, 6, (uint64) view->day);
	int64		result = (int64) adv->run[ad].scale * weekday[view->day % 7];

	result = result * (int64) (720 + (h >> 55)) * view->factor / 10000000;
	if ((shock & 127) == 0)
		result *= 3;
	return result + 50;
}

/* Computes the spend of a whole day; invalid traffic is refunded within 3 days. */
static int64
day_spend(const Run *run, const DayView *view, int64 impressions, uint64 h)
{
	static const int64 correction[] = {1030, 1027, 1025};
	int64		result = impressions * run->price >> 20;

	result = result * (int64) (870 + (h >> 20 & 255)) / 1000;
	return view->age < COUNT_OF(correction) ? result * correction[view->age < 0 ? 0 : view->age] >> 10 : result;
}

/* Computes one additive number of a whole day from those above it. */
static int64
day_value(const Advertiser *adv, const Run *run, const DayView *view, int base, const int64 *v, uint64 h)
{
	const Recipe *recipe = &recipes[base];
	int64		parent = v[recipe->parent];
	int64		rate = rates[run->profile][base];
	int64		jitter = (int64) (h * (0x9e3779b97f4a7c15ULL + 2 * (uint64) base) >> 44);

	switch ((How) recipe->how)
	{
		case COST:
			return day_spend(run, view, v[BASE_IMPRESSIONS], h);
		case MORE:
			return parent + ((parent * rate + jitter) >> 20);
		case GROWING:
			parent = (parent * rate + jitter) >> 20;
			return (parent * growth[view->age > GROWTH_DAYS ? GROWTH_DAYS : view->age] + (jitter & 1023)) >> 10;
		case RESULT:
			if (result_source[run->profile / VARIANTS] == BASE_CONVERSION)
				return parent;
			return v[result_source[run->profile / VARIANTS]];
		case PRICE:
			parent = parent * rate * adv->market->ratio / 100;
			return parent * (900 + (jitter & 255)) >> 10;
		case SHARE:
			return (parent * rate + jitter) >> 20;
		case ROOT:
		case REST:
			break;
	}
	return 0;
}

/* Cuts a day's numbers down to hours; values follow the events they belong to. */
static void
slice_day(int64 *v, int64 low, int64 high, const Program *program)
{
	int			i;

	/* backwards, as a value needs the whole day's count, which stands before it */
	for (i = program->steps - 1; i >= 0; i--)
	{
		int			base = program->step[i];
		int64		count = v[recipes[base].parent];

		if (recipes[base].how == PRICE && count > 0)
			v[base] = v[base] * (count * high >> 12) / count - v[base] * (count * low >> 12) / count;
		else
			v[base] = (v[base] * high >> 12) - (v[base] * low >> 12);
	}
}

/* Adds a part of an ad's numbers of the hours [from, to) of a day to sums. */
void
volume_add(const Advertiser *adv, int ad, const DayView *view, int from, int to,
		   const Share *part, const Program *program, Sums *sums)
{
	const Run  *run = &adv->run[ad];
	uint64		h = noise(adv->node[LEVEL_AD][ad].seed, 7, (uint64) view->day);
	const int64 *share = hour_share[run->profile % HOUR_PROFILES];
	int64		low = from == 0 ? 0 : share[from == view->missing_hour + 1 ? from - 1 : from];
	int64		high = share[to == view->missing_hour + 1 ? to - 1 : to];
	bool		whole = low == 0 && high == 4096;
	int64		v[BASE_COUNT];
	int64		reach;
	int			i;

	v[BASE_IMPRESSIONS] = day_impressions(adv, ad, view, h);
	v[BASE_SPEND] = v[BASE_VOUCHER_SPEND] = 0;
	for (i = 1; i < program->steps; i++)
		v[program->step[i]] = day_value(adv, run, view, program->step[i], v, h);
	if (!whole)
		slice_day(v, low, high, program);
	if (part != NULL)
		slice_day(v, part->low, part->high, program);
	if (program->need[BASE_CASH_SPEND])
		v[BASE_CASH_SPEND] = v[BASE_SPEND] - v[BASE_VOUCHER_SPEND];
	if (program->need[BASE_REACH])
	{
		reach = v[BASE_REACH];
		if (to - from == 1)
			v[BASE_REACH] = reach += (v[BASE_IMPRESSIONS] - reach) / 2;
		if (reach > sums->reach_most)
			sums->reach_most = reach;
	}
	for (i = 0; i < program->steps; i++)
		sums->value[program->step[i]] += v[program->step[i]];
}

/* Empties the sums that a program fills. */
void
sums_clear(Sums *sums, const Program *program)
{
	int			i;

	for (i = 0; i < program->steps; i++)
		sums->value[program->step[i]] = 0;
	sums->reach_most = 0;
}

/* Turns the sum of all parts' reach into the reach of the whole. */
void
sums_finish(Sums *sums, const Program *program)
{
	if (program->need[BASE_REACH])
		sums->value[BASE_REACH] = sums->reach_most + (sums->value[BASE_REACH] - sums->reach_most) * 45 / 100;
}
