/*
 * dense.h: inverses of matrices that belong to absorbing chains.
 *
 * Plain C without PostgreSQL.
 */
#ifndef TIKTOKADS_DENSE_H
#define TIKTOKADS_DENSE_H

/* Sizes are multiples of this. */
#define DENSE_BLOCK 64

/*
 * Replaces the flows between "size" states by the inverse of
 * diag(outflow) - flow.  absorbed[i] is what leaves i for good; it is used up.
 * Rows of zeros that nothing enters may fill the matrix up to its size.
 */
extern void dense_invert(double *flow, int size, double *absorbed);

#endif
