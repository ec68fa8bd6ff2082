/* x' = A x + B u, y = C x + D u; n states, m inputs, r outputs, matrices row by row. */
static void initialize(M *m) { (void)m; }

static void multiply_add(double *to, size_t rows, const double *matrix, size_t columns, const double *vector) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) to[i] += matrix[i * columns + j] * vector[j];
}

static void evaluate(Values *v) {
  memset(v->der_x, 0, sizeof v->der_x);
  memset(v->y, 0, sizeof v->y);
  multiply_add(v->der_x, v->n, v->A, v->n, v->x);
  multiply_add(v->der_x, v->n, v->B, v->m, v->u);
  multiply_add(v->y, v->r, v->C, v->n, v->x);
  multiply_add(v->y, v->r, v->D, v->m, v->u);
}
static bool event(Values *v) { (void)v; return false; }
