/*
 * options.c: the command line, as one table that is both parser and help.
 *
 * Stays true: every option of the table appears in --help, and an unknown or
 * malformed option ends the program with status 2.
 */
#include "options.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Options		options = {
	.seed = 1, .advertisers = 3, .ads = 400, .days = 90, .tier = "basic",
	.token = "simulator-token", .app_id = "7100000000000000001",
	.secret = "simulator-secret", .auth_code = "simulator-auth-code",
	.object_limit = 20000, .threads = 1,
};

typedef enum OptionKind
{
	OPTION_NUMBER, OPTION_TEXT, OPTION_FLAG
} OptionKind;

static const struct
{
	const char *name;
	OptionKind	kind;
	void	   *target;
	int64		least;
	int64		most;
	const char *argument;
	const char *help;
}			table[] = {
	{"port", OPTION_NUMBER, &options.port, 0, 65535, "N", "listen on 127.0.0.1:N; 0, the default, chooses a free port"},
	{"port-file", OPTION_TEXT, &options.port_file, 0, 0, "FILE", "write the port number to FILE when ready"},
	{"seed", OPTION_NUMBER, &options.seed, 0, INT64_MAX, "N", "the same seed, sizes and days give the same data (1)"},
	{"advertisers", OPTION_NUMBER, &options.advertisers, 1, 900, "N", "ad accounts (3)"},
	{"ads", OPTION_NUMBER, &options.ads, 1, 900000, "N", "ads per ad account when the clock starts (400); with more than\n"
	"90000 there may be 90 ad accounts"},
	{"days", OPTION_NUMBER, &options.days, 1, 3650, "N", "days of history before the clock's start (90)"},
	{"now", OPTION_TEXT, &options.now, 0, 0, "TIME", "'YYYY-MM-DD HH:MM:SS' UTC where the clock starts (real now)"},
	{"start", OPTION_TEXT, &options.start, 0, 0, "DATE", "first day of history: --days from here are filled, whatever\n"
	"the clock says, so a restart on another day has the same data"},
	{"freeze", OPTION_FLAG, &options.freeze, 0, 0, NULL, "the clock of the data stands still until moved by /control"},
	{"dense", OPTION_FLAG, &options.dense, 0, 0, NULL, "every ad delivers on every day, nothing is deleted:\n"
	"a daily ad report has exactly ads x days rows"},
	{"tier", OPTION_TEXT, &options.tier, 0, 0, "TIER", "sandbox, basic, advanced, premium, ultimate, unlimited (basic)"},
	{"token", OPTION_TEXT, &options.token, 0, 0, "TEXT", "the access token that is accepted (simulator-token)"},
	{"app-id", OPTION_TEXT, &options.app_id, 0, 0, "TEXT", "the app (7100000000000000001)"},
	{"secret", OPTION_TEXT, &options.secret, 0, 0, "TEXT", "the app's secret (simulator-secret)"},
	{"auth-code", OPTION_TEXT, &options.auth_code, 0, 0, "TEXT", "good for one token exchange (simulator-auth-code)"},
	{"no-gzip", OPTION_FLAG, &options.no_gzip, 0, 0, NULL, "never compress, even if the client asks"},
	{"latency-ms", OPTION_NUMBER, &options.latency_ms, 0, 600000, "N", "answer every API request after N milliseconds (0)"},
	{"object-limit", OPTION_NUMBER, &options.object_limit, 1, 1000000, "N", "newest objects that a report covers, beyond which the header\n"
	"X-Tt-Ads-Throttle appears (20000)"},
	{"threads", OPTION_NUMBER, &options.threads, 1, 64, "N", "threads that serve requests (1)"},
	{"parent-pid", OPTION_NUMBER, &options.parent_pid, 0, INT32_MAX, "PID", "exit when process PID is gone"},
};

static const char help_head[] =
"tiktok-ads-simulator: TikTok's Marketing API v1.3, read side, without an account\n"
"\n"
"Usage: tiktok-ads-simulator [OPTION]...\n"
"\n"
"Serves invented but consistent ad accounts, campaigns, ad groups, ads and reports\n"
"on loopback, as strict about parameters, tokens and request rates as the API is.\n"
"\n"
"Options (defaults in brackets):\n";

static const char help_tail[] =
"  --help                 this text\n"
"\n"
"Try it:\n"
"  tiktok-ads-simulator --port 8080 &\n"
"  curl -H 'Access-Token: simulator-token' 'http://127.0.0.1:8080/open_api/v1.3/oauth2/advertiser/get/?app_id=7100000000000000001&secret=simulator-secret'\n"
"  curl -G -H 'Access-Token: simulator-token' http://127.0.0.1:8080/open_api/v1.3/report/integrated/get/ \\\n"
"    -d advertiser_id=ID -d report_type=BASIC -d data_level=AUCTION_AD -d start_date=2024-01-01 -d end_date=2024-01-30 \\\n"
"    --data-urlencode 'dimensions=[\"ad_id\",\"stat_time_day\"]' --data-urlencode 'metrics=[\"spend\",\"clicks\",\"conversion\"]'\n"
"\n"
"Endpoints below /open_api/v1.3/:\n"
"  oauth2/access_token/ (POST)  oauth2/advertiser/get/  advertiser/info/\n"
"  campaign/get/  adgroup/get/  ad/get/  report/integrated/get/ (BASIC)\n"
"\n"
"The data live on a clock: conversions of a day grow for 28 days, spend is corrected for\n"
"3 days, ads appear, are renamed, paused and deleted. Move it, and cause faults, by\n"
"  curl 'http://127.0.0.1:8080/control?help'\n";

/* Prints the help and ends the program. */
static void
print_help(void)
{
	int			i;

	fputs(help_head, stdout);
	for (i = 0; i < COUNT_OF(table); i++)
	{
		char		left[40];
		const char *help = table[i].help;
		const char *line;

		snprintf(left, sizeof(left), "--%s %s", table[i].name, table[i].argument ? table[i].argument : "");
		printf("  %-22s ", left);
		while ((line = strchr(help, '\n')) != NULL)
		{
			printf("%.*s\n%25s", (int) (line - help), help, "");
			help = line + 1;
		}
		puts(help);
	}
	fputs(help_tail, stdout);
	exit(0);
}

/* Ends the program for a bad command line. */
static void
bad_option(const char *what, const char *option)
{
	fprintf(stderr, "tiktok-ads-simulator: %s \"%s\"\nTry --help.\n", what, option);
	exit(2);
}

/* Stores one option's value. */
static void
store_option(int i, const char *value)
{
	if (table[i].kind == OPTION_NUMBER)
	{
		char	   *end;
		int64		number;

		errno = 0;
		number = strtoll(value, &end, 10);
		if (errno || *end || end == value || number < table[i].least || number > table[i].most)
			bad_option("value out of range for", table[i].name);
		*(int64 *) table[i].target = number;
	}
	else
		*(const char **) table[i].target = value;
}

/* Checks what a single option cannot. */
static void
check_options(void)
{
	int64		now;
	int			day;

	if (options.now && !time_parse(options.now, &now))
		bad_option("not a time YYYY-MM-DD HH:MM:SS:", options.now);
	if (options.start && !date_parse(options.start, &day))
		bad_option("not a date YYYY-MM-DD:", options.start);
	if (options.ads > ADS_OF_MANY && options.advertisers > FEW_ADVERTISERS - 10)
		bad_option("too many ad accounts of this size:", "advertisers");
}

/* Reads the command line into the global options. */
void
options_read(int argc, char **argv)
{
	int			at;

	for (at = 1; at < argc; at++)
	{
		const char *name = argv[at];
		const char *equals = strchr(name, '=');
		size_t		len;
		int			i;

		if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
			print_help();
		if (strncmp(name, "--", 2) != 0)
			bad_option("unknown argument", name);
		name += 2;
		len = equals ? (size_t) (equals - name) : strlen(name);
		for (i = 0; i < COUNT_OF(table); i++)
			if (strlen(table[i].name) == len && strncmp(table[i].name, name, len) == 0)
				break;
		if (i == COUNT_OF(table))
			bad_option("unknown option", argv[at]);
		if (table[i].kind == OPTION_FLAG)
			*(bool *) table[i].target = true;
		else if (equals)
			store_option(i, equals + 1);
		else if (at + 1 < argc)
			store_option(i, argv[++at]);
		else
			bad_option("missing value of", argv[at]);
	}
	check_options();
}
