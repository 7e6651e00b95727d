/*
 * chain_test.c: absorbing chains against a removal by hand in quadruple precision.
 *
 * Prints TAP.  The twin takes a channel out of the chain, solves for the
 * probability of conversion by Gaussian elimination with 113 bits, and subtracts:
 * nothing of chain.c, dense.c or walk.c is asked.
 */
#include <math.h>
#include <string.h>

#include "attribution/chain.h"
#include "attribution/walk.h"
#include "attribution_test.h"

typedef __float128 Quad;

/* An empty chain with room for "ways" edges of each state and "members" channels. */
static Chain *
chain_new(int states, int ways, int channels, int members)
{
	Chain	   *chain = calloc(1, sizeof(Chain));

	chain->states = states;
	chain->channels = channels;
	chain->edge = calloc(states + 1, sizeof(int64_t));
	chain->target = calloc((size_t) states * ways + 1, sizeof(int));
	chain->weight = calloc((size_t) states * ways + 1, sizeof(double));
	chain->start = calloc(states, sizeof(double));
	chain->conversion = calloc(states, sizeof(double));
	chain->null = calloc(states, sizeof(double));
	chain->value = calloc(states, sizeof(double));
	chain->member = calloc(states + 1, sizeof(int64_t));
	chain->channel = calloc((size_t) states * members + 1, sizeof(int));
	return chain;
}

/* A random chain; "far" limits how far an edge leads, "members" channels a state. */
static Chain *
chain_random(int states, int ways, int far, int channels, int members, int absorb)
{
	Chain	   *chain = chain_new(states, ways, channels, members);
	int64_t		used = 0;
	int64_t		held = 0;

	for (int i = 0; i < states; i++)
	{
		int			step = 0;

		for (int w = 0; w < ways; w++)
		{
			int			to = far >= states ? next_random(states) : (i + 1 + next_random(far)) % states;

			if (far < states)
				to = (i + (step += 1 + next_random(2))) % states;
			if (to == i || (far >= states && used > chain->edge[i] && chain->target[used - 1] >= to))
				continue;
			chain->target[used] = to;
			chain->weight[used++] = 1 + next_random(1000);
		}
		chain->edge[i + 1] = used;
		/* ascending, also where the edges wrap around */
		for (int64_t a = chain->edge[i]; a < used; a++)
			for (int64_t b = a + 1; b < used; b++)
				if (chain->target[b] < chain->target[a])
				{
					int			swap = chain->target[a];

					chain->target[a] = chain->target[b];
					chain->target[b] = swap;
				}
		chain->start[i] = next_random(4) == 0 ? next_random(500) : 0;
		chain->conversion[i] = next_random(absorb) == 0 ? 1 + next_random(50) : 0;
		chain->null[i] = next_random(absorb) == 0 ? 1 + next_random(900) : 0;
		chain->value[i] = chain->conversion[i] * (next_random(3) == 0 ? 0 : next_random(77) / 8.0);
		if (members == 1)
			chain->channel[held++] = i;
		else
			for (int c = 0, m = 0; c < channels && m < members; c++)
				if (next_random(channels) < members)
				{
					chain->channel[held++] = c;
					m++;
				}
		chain->member[i + 1] = held;
	}
	chain->start[0] += 1;
	chain->conversion[states - 1] += 1;
	chain->value[states - 1] += 1;
	return chain;
}

/* Whether a state holds a channel. */
static bool
holds(const Chain *chain, int state, int channel)
{
	for (int64_t m = chain->member[state]; m < chain->member[state + 1]; m++)
		if (chain->channel[m] == channel)
			return true;
	return false;
}

/* Expected reward of a walk from START when "channel" is taken out (-1: none). */
static Quad
twin_solve(const Chain *chain, const double *reward, int channel)
{
	int			n = chain->states;
	Quad	   *matrix = calloc((size_t) n * (n + 1), sizeof(Quad));
	Quad		total = 0;
	Quad		result = 0;

	for (int i = 0; i < n; i++)
	{
		Quad	   *row = matrix + (size_t) i * (n + 1);
		Quad		outflow = (Quad) chain->conversion[i] + chain->null[i];

		for (int64_t w = chain->edge[i]; w < chain->edge[i + 1]; w++)
		{
			outflow += chain->weight[w];
			if (!holds(chain, chain->target[w], channel))
				row[chain->target[w]] -= chain->weight[w];
		}
		row[i] += outflow > 0 ? outflow : 1;
		row[n] = reward[i];
		total += chain->start[i];
	}
	for (int i = 0; i < n; i++)
	{
		Quad	   *pivot = matrix + (size_t) i * (n + 1);

		for (int u = i + 1; u < n; u++)
		{
			Quad	   *row = matrix + (size_t) u * (n + 1);
			Quad		factor = row[i] / pivot[i];

			for (int v = i; factor != 0 && v <= n; v++)
				row[v] -= factor * pivot[v];
		}
	}
	for (int i = n - 1; i >= 0; i--)
	{
		Quad	   *row = matrix + (size_t) i * (n + 1);

		for (int v = i + 1; v < n; v++)
			row[n] -= row[v] * matrix[(size_t) v * (n + 1) + n];
		row[n] /= row[i];
		if (!holds(chain, i, channel))
			result += row[n] * chain->start[i] / total;
	}
	free(matrix);
	return result;
}

/* Largest relative error of any visit; -1 when one is negative or not finite. */
static double
worst_error(const Chain *chain, const ChainVisit *visit, int every)
{
	double		worst = 0;
	Quad		conversions = twin_solve(chain, chain->conversion, -1);
	Quad		value = twin_solve(chain, chain->value, -1);

	for (int c = 0; c <= chain->channels; c += c + every > chain->channels && c < chain->channels ? chain->channels - c : every)
	{
		int			channel = c < chain->channels ? c : -2;
		Quad		expected[2] = {conversions, value};
		double		found[2] = {visit[c].conversions, visit[c].value};

		if (channel >= 0)
		{
			expected[0] -= twin_solve(chain, chain->conversion, channel);
			expected[1] -= twin_solve(chain, chain->value, channel);
		}
		for (int k = 0; k < 2; k++)
		{
			Quad		error = expected[k] - found[k];

			if (!(found[k] >= 0 && found[k] < INFINITY))
				return -1;
			if (error < 0)
				error = -error;
			/* the twin itself subtracts: 1e-30 of the whole is its noise */
			if (error > (Quad) 1e-28 * conversions && (double) (error / expected[k]) > worst)
				worst = (double) (error / expected[k]);
		}
	}
	return worst;
}

/* Compares both ways of solving, where both can, with the twin. */
static void
check(const Chain *chain, int every, const char *which)
{
	ChainVisit *visit = calloc(chain->channels + 1, sizeof(ChainVisit));
	double		worst;
	char		name[100];

	if (chain->member[chain->states] == chain->states && chain->channels == chain->states)
	{
		chain_visits_by_elimination(chain, visit);
		worst = worst_error(chain, visit, every);
		if (!(worst >= 0 && worst < 1e-12))
			printf("# error %g\n", worst);
		snprintf(name, sizeof(name), "elimination equals removal by hand: %s", which);
		ok(worst >= 0 && worst < 1e-12, name);
	}
	chain_visits_by_walking(chain, visit);
	worst = worst_error(chain, visit, every);
	if (!(worst >= 0 && worst < 1e-12))
		printf("# error %g\n", worst);
	snprintf(name, sizeof(name), "walking equals removal by hand: %s", which);
	ok(worst >= 0 && worst < 1e-12, name);
	free(visit);
}

/* One state that converts or not. */
static Chain *
chain_single(void)
{
	Chain	   *chain = chain_new(1, 0, 1, 1);

	chain->start[0] = 10;
	chain->conversion[0] = 3;
	chain->null[0] = 7;
	chain->value[0] = 60;
	chain->member[1] = 1;
	return chain;
}

/* A ring that walks leave rarely, and weights from 1e-9 to 1e9. */
static Chain *
chain_ring(int states, double leak)
{
	Chain	   *chain = chain_new(states, 1, states, 1);

	for (int i = 0; i < states; i++)
	{
		chain->edge[i + 1] = i + 1;
		chain->target[i] = (i + 1) % states;
		chain->weight[i] = 1;
		chain->member[i + 1] = i + 1;
		chain->channel[i] = i;
	}
	chain->start[0] = 1;
	chain->conversion[states / 2] = leak;
	chain->value[states / 2] = leak * 5;
	chain->null[states - 1] = leak;
	return chain;
}

/* An island that walks never reach, and one that never converts. */
static Chain *
chain_islands(void)
{
	Chain	   *chain = chain_random(60, 5, 1000, 60, 1, 2);

	for (int i = 20; i < 60; i++)
	{
		for (int64_t w = chain->edge[i]; w < chain->edge[i + 1]; w++)
			chain->weight[w] = 0;
		chain->start[i] = i < 40 ? 0 : 5;
		chain->conversion[i] = i < 40 ? 1 : 0;
		chain->value[i] = 0;
		chain->null[i] = 1;
	}
	chain->conversion[0] = 1;
	return chain;
}

int
main(void)
{
	ChainVisit	nothing[3] = {{1, 1}, {1, 1}, {1, 1}};
	Chain	   *chain;

	check(chain_single(), 1, "one state");
	check(chain_random(2, 1, 1000, 2, 1, 1), 1, "two states");
	check(chain_random(12, 11, 1000, 12, 1, 1), 1, "twelve states");
	check(chain_random(64, 20, 1000, 64, 1, 2), 3, "one full block");
	check(chain_random(100, 20, 1000, 100, 1, 5), 9, "two blocks");
	check(chain_random(260, 3, 6, 260, 1, 20), 60, "sparse, near edges");
	check(chain_random(260, 4, 1000, 260, 1, 8), 70, "sparse, far edges");
	check(chain_random(260, 40, 1000, 260, 1, 30), 90, "dense rest after a sparse part");
	check(chain_ring(50, 1e-3), 7, "a ring that is left rarely");
	check(chain_islands(), 5, "islands");
	check(chain_random(40, 6, 1000, 9, 2, 2), 1, "states of two channels");
	check(chain_random(150, 8, 1000, 20, 3, 4), 4, "states of three channels");
	check(chain_random(150, 3, 5, 30, 4, 9), 5, "states of four channels, long walks");

	chain = chain_new(2, 0, 2, 1);
	chain->member[1] = 1;
	chain->member[2] = 2;
	chain->channel[1] = 1;
	chain_visits(chain, nothing);
	ok(nothing[0].conversions == 0 && nothing[2].value == 0, "no walks visit nothing: elimination");
	nothing[0].conversions = nothing[2].value = 1;
	chain_visits_by_walking(chain, nothing);
	ok(nothing[0].conversions == 0 && nothing[2].value == 0, "no walks visit nothing: walking");
	return done();
}
