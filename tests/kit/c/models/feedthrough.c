/* Every output is its input. */
static void initialize(M *m) { (void)m; }
static void evaluate(Values *v) {
  v->Float64_y = v->Float64_u; v->Float32_y = v->Float32_u;
  v->Int8_y = v->Int8_u; v->UInt8_y = v->UInt8_u; v->Int16_y = v->Int16_u; v->UInt16_y = v->UInt16_u;
  v->Int32_y = v->Int32_u; v->UInt32_y = v->UInt32_u; v->Int64_y = v->Int64_u; v->UInt64_y = v->UInt64_u;
  v->Boolean_y = v->Boolean_u; v->String_y = v->String_u; v->Binary_y = v->Binary_u;
  v->Enumeration_y = v->Enumeration_u;
}
static bool event(Values *v) { (void)v; return false; }
