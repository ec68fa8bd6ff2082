/* The number of whole seconds that have passed; asks to be terminated when `last` is reached (0: never). */
static void initialize(M *m) {
  m->s.v.counter = (int32_t)floor(m->s.v.time);
  m->s.v.next_event = m->s.v.counter + 1.0;
}
static void evaluate(Values *v) { (void)v; }
static bool event(Values *v) {
  if (v->time >= v->next_event) {
    v->counter++;
    v->next_event = v->counter + 1.0;
    v->terminate = v->last > 0 && v->counter >= v->last;
  }
  return false;
}
