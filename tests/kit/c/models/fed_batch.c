/* V' = F exp(mu t), S' = k (S_eq - S) with k = 1e4: stiff, without inputs and outputs. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) {
  v->feed = v->F * exp(v->mu * v->time);
  v->der_reactor_V = v->feed;
  v->der_S_1 = v->k * (v->reactor_V / v->V0 - v->S_1);
}
static bool event(Values *v) { (void)v; return false; }
