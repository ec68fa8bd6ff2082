/* Three model partitions, 10, 20 and 50 ms; each counts its activations, `order` remembers the last six clocks. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) { (void)v; }
static bool event(Values *v) {
  bool *clocks[] = {&v->fast, &v->middle, &v->slow};
  int32_t *counts[] = {&v->fast_count, &v->middle_count, &v->slow_count};
  for (int i = 0; i < 3; i++) {
    if (!*clocks[i]) continue;
    *counts[i] += 1;
    v->order = (v->order * 10 + i + 1) % 1000000;
    *clocks[i] = false;
  }
  return false;
}
