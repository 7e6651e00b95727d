/*
 * options.h: what the command line says.
 */
#ifndef SIMULATOR_OPTIONS_H
#define SIMULATOR_OPTIONS_H

#include "base.h"

typedef struct Options
{
	int64		port;
	const char *port_file;
	int64		seed;
	int64		advertisers;
	int64		ads;
	int64		days;
	const char *now;
	const char *start;
	bool		freeze;
	bool		dense;
	const char *tier;
	const char *token;
	const char *app_id;
	const char *secret;
	const char *auth_code;
	bool		no_gzip;
	int64		latency_ms;
	int64		object_limit;
	int64		threads;
	int64		parent_pid;
} Options;

extern Options options;

extern void options_read(int argc, char **argv);

#endif
