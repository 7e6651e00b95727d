/*
 * forecast_ar.h: forecasts by autoregression, with the season taken off in several ways.
 */
#ifndef TIKTOKADS_FORECAST_AR_H
#define TIKTOKADS_FORECAST_AR_H

#include "anomaly/forecast.h"

extern void forecast_ar(Forecast *forecast, double *mean, double *variance);
extern void forecast_ar_long(Forecast *forecast, double *mean, double *variance);
extern void forecast_ar_steps(Forecast *forecast, double *mean, double *variance);
extern void forecast_ar_means(Forecast *forecast, double *mean, double *variance);

#endif
