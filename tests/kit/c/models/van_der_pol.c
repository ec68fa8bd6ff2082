/* x0' = x1, x1' = mu (1 - x0^2) x1 - x0 */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) {
  v->der_x0 = v->x1;
  v->der_x1 = v->mu * (1.0 - v->x0 * v->x0) * v->x1 - v->x0;
}
static bool event(Values *v) { (void)v; return false; }
