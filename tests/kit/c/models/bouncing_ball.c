/* h' = v, v' = g; at h <= 0 the velocity is turned and multiplied with -e, below v_min the ball lies still. */
static void initialize(M *m) { (void)m; }

static void evaluate(Values *v) {
  v->der_h = v->v;
  v->der_v = v->resting ? 0.0 : v->g;
  v->z = v->resting ? 1.0 : v->h;
}

static bool event(Values *v) {
  if (v->resting || v->h > 0 || v->v >= 0) return false;
  v->h = DBL_MIN; /* above the ground, in the domain of the flight */
  v->v = -v->e * v->v;
  v->bounces++;
  v->resting = v->v < v->v_min;
  if (v->resting) v->h = v->v = 0.0;
  return true;
}
