/*
 * dense.c: inverse of a diagonally dominant M-matrix without subtraction.
 *
 * The matrix is diag(d) - flow, with d the outflow of each state: what leads to
 * other states plus what is absorbed.  It is given by its flows and absorptions,
 * not by its diagonal, and each pivot is recomputed as a sum of what leaves the
 * state (W. K. Grassmann, M. I. Taksar, D. P. Heyman, "Regenerative Analysis and
 * Steady State Distributions for Markov Chains", 1985), so that nothing cancels
 * and every entry of the inverse has full relative accuracy.
 *
 * In-place Gauss-Jordan in blocks: once states E are eliminated and R remain,
 * the matrix holds  E x E: the inverse within E;  E x R: where walks from E enter
 * R;  R x E: expected (scaled) visits to E before the next state of R;  R x R: the
 * flows with E taken out.  Its diagonal in R x R is never read.
 */
#include <string.h>

#include "attribution/dense.h"
#include "attribution/memory.h"

#define ROWS 4					/* rows and columns of one step of the kernel */
#define COLUMNS 16

/* Newer processors do four times as much a cycle; the choice is made when loading. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_THIS_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_THIS_PROCESSOR
#endif

/* Four rows: matrix += left x right; right is packed in strips of COLUMNS columns. */
FOR_THIS_PROCESSOR
static void
dense_update_rows(double *restrict matrix, size_t stride, const double *restrict left,
				  const double *restrict right, int size)
{
	for (int column = 0; column < size; column += COLUMNS)
	{
		double		sum[ROWS][COLUMNS];
		const double *strip = right + (size_t) column * DENSE_BLOCK;

		for (int r = 0; r < ROWS; r++)
			for (int c = 0; c < COLUMNS; c++)
				sum[r][c] = matrix[r * stride + column + c];
		for (int k = 0; k < DENSE_BLOCK; k++)
			for (int r = 0; r < ROWS; r++)
				for (int c = 0; c < COLUMNS; c++)
					sum[r][c] += left[r * DENSE_BLOCK + k] * strip[k * COLUMNS + c];
		for (int r = 0; r < ROWS; r++)
			for (int c = 0; c < COLUMNS; c++)
				matrix[r * stride + column + c] = sum[r][c];
	}
}

/* Inverts the block at "first" on its own; absorbed[] is what leaves the block. */
static void
block_invert(double *flow, int size, int first, double block[DENSE_BLOCK][DENSE_BLOCK],
			 double absorbed[DENSE_BLOCK])
{
	for (int i = 0; i < DENSE_BLOCK; i++)
		memcpy(block[i], flow + (size_t) (first + i) * size + first, sizeof(block[i]));
	for (int i = 0; i < DENSE_BLOCK; i++)
	{
		double		pivot = absorbed[i];

		for (int j = i + 1; j < DENSE_BLOCK; j++)
			pivot += block[i][j];
		if (pivot == 0)
			pivot = 1;			/* nothing leaves it, hence nothing enters it */
		for (int j = 0; j < DENSE_BLOCK; j++)
			if (j != i)
				block[i][j] /= pivot;
		for (int u = 0; u < DENSE_BLOCK; u++)
		{
			double		into = block[u][i];

			if (u == i || into == 0)
				continue;
			for (int v = 0; v < DENSE_BLOCK; v++)
				block[u][v] += into * block[i][v];
			block[u][i] = into / pivot;
			absorbed[u] += u > i ? into * absorbed[i] / pivot : 0;
		}
		block[i][i] = 1 / pivot;
	}
}

/* What leaves each state of the block for good or for states after the block. */
static void
block_outflow(const double *flow, int size, int first, const double *absorbed,
			  double outflow[DENSE_BLOCK])
{
	for (int i = 0; i < DENSE_BLOCK; i++)
	{
		const double *row = flow + (size_t) (first + i) * size;

		outflow[i] = absorbed[first + i];
		for (int v = first + DENSE_BLOCK; v < size; v++)
			outflow[i] += row[v];
	}
}

/* The rows of the block times its inverse, packed for the kernel; 0 in its own columns. */
static void
block_rows(double *flow, int size, int first, double block[DENSE_BLOCK][DENSE_BLOCK],
		   double *packed)
{
	memset(packed, 0, (size_t) size * DENSE_BLOCK * sizeof(double));
	for (int i = 0; i < DENSE_BLOCK; i++)
		for (int k = 0; k < DENSE_BLOCK; k++)
		{
			const double *row = flow + (size_t) (first + k) * size;

			for (int v = 0; v < size; v++)
				packed[(size_t) (v - v % COLUMNS) * DENSE_BLOCK + i * COLUMNS + v % COLUMNS] +=
					block[i][k] * row[v];
		}
	memset(packed + (size_t) first * DENSE_BLOCK, 0, sizeof(double) * DENSE_BLOCK * DENSE_BLOCK);
}

/* Writes the packed rows and the inverse of the block back into its rows. */
static void
block_store(double *flow, int size, int first, double block[DENSE_BLOCK][DENSE_BLOCK],
			const double *packed)
{
	for (int i = 0; i < DENSE_BLOCK; i++)
	{
		double	   *row = flow + (size_t) (first + i) * size;

		for (int v = 0; v < size; v++)
			row[v] = packed[(size_t) (v - v % COLUMNS) * DENSE_BLOCK + i * COLUMNS + v % COLUMNS];
		memcpy(row + first, block[i], sizeof(block[i]));
	}
}

/* Takes four rows of the columns of the block, and leaves them times its inverse there. */
static void
block_columns(double *rows, int size, int first, double block[DENSE_BLOCK][DENSE_BLOCK],
			  double taken[ROWS * DENSE_BLOCK], double left[ROWS * DENSE_BLOCK])
{
	memset(left, 0, ROWS * DENSE_BLOCK * sizeof(double));
	for (int r = 0; r < ROWS; r++)
	{
		double	   *into = rows + (size_t) r * size + first;

		memcpy(taken + r * DENSE_BLOCK, into, DENSE_BLOCK * sizeof(double));
		for (int k = 0; k < DENSE_BLOCK; k++)
			for (int j = 0; into[k] != 0 && j < DENSE_BLOCK; j++)
				left[r * DENSE_BLOCK + j] += into[k] * block[k][j];
		memcpy(into, left + r * DENSE_BLOCK, DENSE_BLOCK * sizeof(double));
	}
}

/* Eliminates one block of states. */
static void
dense_eliminate(double *flow, int size, int first, double *absorbed, double *packed)
{
	double		block[DENSE_BLOCK][DENSE_BLOCK];
	double		outflow[DENSE_BLOCK];
	double		leaving[DENSE_BLOCK];

	block_outflow(flow, size, first, absorbed, outflow);
	memcpy(leaving, absorbed + first, sizeof(leaving));
	block_invert(flow, size, first, block, outflow);
	block_rows(flow, size, first, block, packed);
	for (int u = 0; u < size; u += ROWS)
	{
		double	   *rows = flow + (size_t) u * size;
		double		taken[ROWS * DENSE_BLOCK];
		double		left[ROWS * DENSE_BLOCK];

		if (u % 512 == 0)
			attribution_interrupts();
		if (u >= first && u < first + DENSE_BLOCK)
			continue;
		block_columns(rows, size, first, block, taken, left);
		dense_update_rows(rows, size, taken, packed, size);
		for (int r = 0; u > first && r < ROWS; r++)
			for (int k = 0; k < DENSE_BLOCK; k++)
				absorbed[u + r] += left[r * DENSE_BLOCK + k] * leaving[k];
	}
	block_store(flow, size, first, block, packed);
}

/* Replaces the flows by the inverse of diag(outflow) - flow; absorbed[] is used up. */
void
dense_invert(double *flow, int size, double *absorbed)
{
	double	   *packed = attribution_alloc((size_t) size * DENSE_BLOCK * sizeof(double));

	for (int first = 0; first < size; first += DENSE_BLOCK)
		dense_eliminate(flow, size, first, absorbed, packed);
	attribution_free(packed);
}
