/*
 * autoregress.c: autoregression by Burg's method, its order by information criterion.
 *
 * Burg (1975), Maximum entropy spectral analysis, Stanford.  The model is
 * stationary whatever the series, so that a forecast never explodes, and long
 * seasons cost it less than they cost the method of Yule and Walker.  The order is
 * the one with the least AICc (Hurvich and Tsai 1989, Biometrika 76, 297-307).
 * The series is taken as moving about 0.
 */
#include "anomaly/autoregress.h"

#include <math.h>
#include <string.h>

#include "anomaly/pause.h"

/* A variance below this share of the series' own is none. */
#define EXACT 1e-20

/* The corrected criterion of a model with so many weights and a variance. */
static double
criterion(int n, int order, double variance)
{
	double		room = n - order - 2;

	return room > 0 ? n * log(variance) + 2.0 * (order + 1) * n / room : HUGE_VAL;
}

/* The weight that takes most off the errors, forward and backward, at this order. */
static double
reflection(int n, int order, const double *forward, const double *backward)
{
	double		product = 0,
				square = 0;

	for (int i = order; i < n; i++)
	{
		product += forward[i] * backward[i - 1];
		square += forward[i] * forward[i] + backward[i - 1] * backward[i - 1];
	}
	return square > 0 ? 2 * product / square : 0;
}

/* Fits the order with the least criterion, at most the one given; work holds autoregress_workspace() values. */
void
autoregress_fit(Autoregression *model, int n, const double *x, int most, double *work)
{
	double	   *forward = work;
	double	   *backward = work + n;
	double	   *phi = work + 2 * (size_t) n;
	double	   *next = phi + most + 1;
	double		own = 0;
	double		variance;

	for (int i = 0; i < n; i++)
		own += x[i] * x[i] / n;
	variance = own;
	memcpy(forward, x, sizeof(double) * n);
	memcpy(backward, x, sizeof(double) * n);
	model->order = 0;
	model->variance = variance;
	model->aicc = criterion(n, 0, variance);
	for (int order = 1; order <= most && variance > 0; order++)
	{
		double		weight = reflection(n, order, forward, backward);
		double		value;

		/* what rounding leaves of a series that is known exactly says nothing */
		variance *= fmax(0, 1 - weight * weight);
		if (variance < EXACT * own)
			variance = 0;
		for (int k = 1; k < order; k++)
			next[k - 1] = phi[k - 1] - weight * phi[order - k - 1];
		next[order - 1] = weight;
		memcpy(phi, next, sizeof(double) * order);
		for (int i = n - 1; i >= order; i--)
		{
			double		error = forward[i];

			forward[i] -= weight * backward[i - 1];
			backward[i] = backward[i - 1] - weight * error;
		}
		value = criterion(n, order, variance);
		if (value < model->aicc)
		{
			model->aicc = value;
			model->order = order;
			model->variance = variance * n / (n - order);
			memcpy(model->phi, phi, sizeof(double) * order);
		}
		if (order % 16 == 0)
			pause_check();
	}
}

/* The values expected after x. */
void
autoregress_continue(const Autoregression *model, int n, const double *x, int steps, double *mean)
{
	for (int h = 0; h < steps; h++)
	{
		double		sum = 0;

		for (int k = 0; k < model->order; k++)
			sum += model->phi[k] * (h > k ? mean[h - k - 1] : x[n + h - k - 1]);
		mean[h] = sum;
	}
}

/*
 * Variances of the forecasts 1 .. steps of a series whose differences over a lag
 * the model describes; lag 0: of the series that it describes itself.
 */
void
autoregress_variances(const Autoregression *model, int lag, int steps, double *variance, double *work)
{
	double	   *own = work;		/* what an error still weighs that many steps later: in the model, */
	double	   *summed = work + steps;	/* and in the series */
	double		sum = 0;

	for (int j = 0; j < steps; j++)
	{
		own[j] = j == 0;
		for (int k = 0; k < model->order && k < j; k++)
			own[j] += model->phi[k] * own[j - k - 1];
		summed[j] = own[j] + (lag > 0 && j >= lag ? summed[j - lag] : 0);
		sum += summed[j] * summed[j];
		variance[j] = model->variance * sum;
	}
}
