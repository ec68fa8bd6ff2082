/* x' = -k x */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) { v->der_x = -v->k * v->x; }
static bool event(Values *v) { (void)v; return false; }
