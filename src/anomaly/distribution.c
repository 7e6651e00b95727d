/*
 * distribution.c: tails and quantiles.
 *
 * Incomplete beta and gamma by Lentz's continued fractions (Abramowitz and
 * Stegun 26.5.8, 6.5.31 and 6.5.29); the normal quantile by Acklam's rational
 * approximation, sharpened by one step of Halley's method.
 */
#include "anomaly/distribution.h"

#include <math.h>

#define TINY		1e-300
#define PRECISION	1e-15
#define STEPS		500

/* P(Z <= z) of the standard normal. */
double
normal_below(double z)
{
	return 0.5 * erfc(-z / sqrt(2));
}

/* The z with P(Z <= z) = p. */
double
normal_quantile(double p)
{
	static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02,
	1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239e+00};
	static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
	6.680131188771972e+01, -1.328068155288572e+01};
	static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
	-2.549732539343734e+00, 4.374664141464968e+00, 2.938163982698783e+00};
	static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
	3.754408661907416e+00};
	double		q,
				x,
				e;

	if (p <= 0)
		return -HUGE_VAL;
	if (p >= 1)
		return HUGE_VAL;
	if (p > 0.5)
		return -normal_quantile(1 - p);
	if (p < 0.02425)
	{
		q = sqrt(-2 * log(p));
		x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5])
			/ ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
	}
	else
	{
		double		r;

		q = p - 0.5;
		r = q * q;
		x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q
			/ (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
	}
	e = (normal_below(x) - p) * sqrt(2 * M_PI) * exp(x * x / 2);
	return x - e / (1 + x * e / 2);
}

/* The continued fraction of the incomplete beta function. */
static double
beta_fraction(double x, double a, double b)
{
	double		c = 1,
				d = 1 / fmax(TINY, fabs(1 - (a + b) * x / (a + 1))),
				h;

	if (1 - (a + b) * x / (a + 1) < 0)
		d = -d;
	h = d;
	for (int m = 1; m <= STEPS; m++)
	{
		for (int half = 0; half < 2; half++)
		{
			double		term = half == 0
				? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
				: -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

			d = 1 + term * d;
			c = 1 + term / c;
			d = 1 / (fabs(d) < TINY ? TINY : d);
			c = fabs(c) < TINY ? TINY : c;
			h *= c * d;
		}
		if (fabs(c * d - 1) < PRECISION)
			break;
	}
	return h;
}

/* P(X <= x) of the beta distribution: the regularised incomplete beta function. */
double
beta_below(double x, double a, double b)
{
	double		front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

/* P(T <= t) of Student's distribution. */
double
student_below(double t, double freedom)
{
	double		tail = 0.5 * beta_below(freedom / (freedom + t * t), freedom / 2, 0.5);

	return t > 0 ? 1 - tail : tail;
}

/* The t with P(T <= t) = p, by bisection between bounds that surely hold it. */
double
student_quantile(double p, double freedom)
{
	double		low = 0,
				high = 1;
	double		tail = p < 0.5 ? p : 1 - p;

	/* tails keep their digits where 1 - tail would not */
	while (0.5 * beta_below(freedom / (freedom + high * high), freedom / 2, 0.5) > tail && high < 1e150)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-14 * high; i++)
	{
		double		middle = (low + high) / 2;

		if (0.5 * beta_below(freedom / (freedom + middle * middle), freedom / 2, 0.5) > tail)
			low = middle;
		else
			high = middle;
	}
	return p < 0.5 ? -(low + high) / 2 : (low + high) / 2;
}

/* The regularised upper incomplete gamma function Q(a, x). */
static double
gamma_above(double a, double x)
{
	double		front;

	if (x <= 0)
		return 1;
	front = exp(a * log(x) - x - lgamma(a));
	if (x < a + 1)
	{
		double		term = 1 / a,
					sum = term;

		for (int i = 1; i < 100000 && fabs(term) > PRECISION * fabs(sum); i++)
		{
			term *= x / (a + i);
			sum += term;
		}
		return 1 - front * sum;
	}
	else
	{
		double		b = x + 1 - a,
					c = 1 / TINY,
					d = 1 / b,
					h = d;

		for (int i = 1; i < 100000; i++)
		{
			double		term = -i * (i - a);

			b += 2;
			d = 1 / (fabs(term * d + b) < TINY ? TINY : term * d + b);
			c = fabs(b + term / c) < TINY ? TINY : b + term / c;
			h *= d * c;
			if (fabs(d * c - 1) < PRECISION)
				break;
		}
		return front * h;
	}
}

/* P(X <= count) of the Poisson distribution; 0 below 0. */
double
poisson_below(double count, double mean)
{
	if (count < 0)
		return 0;
	if (mean <= 0)
		return 1;
	return gamma_above(floor(count) + 1, mean);
}

/* P(X <= count) of counts that scatter more than Poisson's; with no more variance than mean it is Poisson's. */
double
negative_binomial_below(double count, double mean, double variance)
{
	double		size;

	if (count < 0)
		return 0;
	if (mean <= 0)
		return 1;
	if (variance <= mean * (1 + 1e-9))
		return poisson_below(count, mean);
	size = mean * mean / (variance - mean);
	return beta_below(mean / variance, size, floor(count) + 1);
}

/*
 * P(X <= count) successes of so many trials whose rate is beta(a, b).
 * Summed from the nearer end; beyond 1,000 terms by the normal approximation.
 */
double
beta_binomial_below(double count, double trials, double a, double b)
{
	double		rate = a / (a + b);
	double		sum = 0;
	double		term;

	count = floor(count);
	trials = floor(trials);
	if (count < 0)
		return 0;
	if (count >= trials)
		return 1;
	if (fmin(count, trials - count) > 1000)
	{
		double		variance = trials * rate * (1 - rate) * (a + b + trials) / (a + b + 1);

		return normal_below((count + 0.5 - trials * rate) / sqrt(variance));
	}
	if (count > trials / 2)
		return 1 - beta_binomial_below(trials - count - 1, trials, b, a);
	/* P(0), then P(k + 1) / P(k) */
	term = exp(lgamma(b + trials) + lgamma(a + b) - lgamma(b) - lgamma(a + b + trials));
	if (term > 0)
	{
		for (double k = 0; k <= count; k++)
		{
			sum += term;
			term *= (trials - k) * (a + k) / ((k + 1) * (b + trials - k - 1));
		}
		return fmin(1, sum);
	}
	for (double k = 0; k <= count; k++)
		sum += exp(lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1)
				   + lgamma(a + k) + lgamma(b + trials - k) - lgamma(a + b + trials)
				   + lgamma(a + b) - lgamma(a) - lgamma(b));
	return fmin(1, sum);
}
