/* The periodic input clock `tick` counts; at every third tick the triggered output clock `third` is active. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) { (void)v; }
static bool event(Values *v) {
  v->third = false;
  if (v->tick) {
    v->count++;
    v->third = v->count % 3 == 0;
    v->sample = v->u;
  }
  v->tick = false;
  return false;
}
