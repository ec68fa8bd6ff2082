/* The periodic input clock `tick` counts and samples u; at every third tick the triggered output clock `third` is
 * active. Clocked values are computed where they are read in Event Mode, and committed by the update. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) {
  v->third = false;
  if (!v->tick) return;
  v->count = v->ticks + 1;
  v->third = v->count % 3 == 0;
  v->sample = v->u;
}
static bool event(Values *v) {
  evaluate(v);
  v->ticks = v->count;
  v->tick = v->third = false;
  return false;
}
