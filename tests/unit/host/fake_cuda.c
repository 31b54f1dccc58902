/* A libcuda behind switches without a fabric manager. */
int cuDriverGetVersion(int* version) {
  *version = 12040;
  return 0;
}
int cuInit(unsigned flags) { return flags == 0 ? 802 : 1; }
int cuDeviceGetCount(int* count) {
  *count = 8;
  return 0;
}
