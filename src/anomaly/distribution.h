/*
 * distribution.h: tails and quantiles of the distributions that bands and tests need.
 */
#ifndef TIKTOKADS_DISTRIBUTION_H
#define TIKTOKADS_DISTRIBUTION_H

extern double normal_below(double z);
extern double normal_quantile(double p);
extern double student_below(double t, double freedom);
extern double student_quantile(double p, double freedom);
extern double poisson_below(double count, double mean);
extern double negative_binomial_below(double count, double mean, double variance);
extern double beta_binomial_below(double count, double trials, double a, double b);
extern double beta_below(double x, double a, double b);

#endif
