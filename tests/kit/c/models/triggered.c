/* Counts the activations of the triggered input clock `fire` and keeps the value and time that came with the last. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) { (void)v; }
static bool event(Values *v) {
  if (v->fire) {
    v->fired++;
    v->sample = v->u;
    v->fired_at = v->time;
  }
  v->fire = false;
  return false;
}
