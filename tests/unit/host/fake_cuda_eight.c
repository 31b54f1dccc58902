/* A libcuda with eight GPUs, which takes more than a second to begin with them. */
#include <unistd.h>

int cuDriverGetVersion(int* version) {
  *version = 12040;
  return 0;
}
int cuInit(unsigned flags) {
  usleep(1200000);
  return flags == 0 ? 0 : 1;
}
int cuDeviceGetCount(int* count) {
  *count = 8;
  return 0;
}
