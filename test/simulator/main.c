/*
 * main.c: starts the simulator, says where it listens, and waits for its end.
 *
 * Stays true: SIGTERM, SIGINT and the loss of the parent end it cleanly with
 * status 0; the port is announced only when requests are answered.
 */
#include "options.h"
#include "quota.h"
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_US 2000

static volatile sig_atomic_t ended;

/* Notes that the program is to end. */
static void
on_signal(int signal)
{
	(void) signal;
	ended = 1;
}

/* Installs the signal handlers. */
static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Writes the port for whoever waits for the file: whole or not at all. */
static void
write_port_file(int port)
{
	char		temporary[4096];
	FILE	   *file;

	if (options.port_file == NULL)
		return;
	snprintf(temporary, sizeof(temporary), "%s.new", options.port_file);
	file = fopen(temporary, "w");
	if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) != 0 ||
		rename(temporary, options.port_file) != 0)
	{
		perror("tiktok-ads-simulator: cannot write the port file");
		exit(1);
	}
}

/* Tells whether the process that we serve is still there. */
static bool
parent_lives(void)
{
	return options.parent_pid == 0 || kill((pid_t) options.parent_pid, 0) == 0 || errno == EPERM;
}

/* Resumes waiting requests until the program is to end. */
static void
wait_for_end(void)
{
	struct timespec nap = {.tv_nsec = SWEEP_US * 1000};

	while (!ended && parent_lives())
	{
		nanosleep(&nap, NULL);
		park_sweep();
	}
}

/* Runs the simulator. */
int
main(int argc, char **argv)
{
	const Tier *tier;
	int			port;

	options_read(argc, argv);
	tier = tier_find(options.tier);
	if (tier == NULL)
	{
		fprintf(stderr, "tiktok-ads-simulator: unknown tier \"%s\"\nTry --help.\n", options.tier);
		return 2;
	}
	quota_set_tier(tier);
	snprintf(credentials.token, sizeof(credentials.token), "%s", options.token);
	snprintf(credentials.auth_code, sizeof(credentials.auth_code), "%s", options.auth_code);
	catch_signals();
	clock_start(options.now, options.freeze);
	world_build();
	port = server_start();
	if (port == 0)
	{
		perror("tiktok-ads-simulator: cannot listen");
		return 1;
	}
	write_port_file(port);
	printf("listening on http://127.0.0.1:%d/open_api/v1.3/\n", port);
	fflush(stdout);
	wait_for_end();
	server_stop();
	return 0;
}
