/* Counts the activations of the triggered input clock `fire` and keeps the value and time that came with the last. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) {
  if (!v->fire) return;
  v->fired = v->fires + 1;
  v->sample = v->u;
  v->fired_at = v->time;
}
static bool event(Values *v) {
  evaluate(v);
  v->fires = v->fired;
  v->fire = false;
  return false;
}
