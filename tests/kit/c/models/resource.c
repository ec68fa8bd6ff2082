/* y is the first byte of resources/y.txt. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) { (void)v; }
static bool event(Values *v) { (void)v; return false; }

static int load_resource(M *m) {
  char path[1200], *from = m->resources;
  if (strncmp(from, "file://", 7) == 0) from += 7; /* FMI 1.0 and 2.0 give a URI, "file:/..." is one too */
  else if (strncmp(from, "file:", 5) == 0) from += 5;
  snprintf(path, sizeof path, "%s/y.txt", from);
  FILE *file = fopen(path, "rb");
  if (file == NULL) return say(m, ERROR, path), ERROR;
  m->s.v.y = fgetc(file);
  fclose(file);
  return OK;
}
